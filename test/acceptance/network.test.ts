import { networkAcceptance } from './network-suite.ts'
import { createRealWorld } from './network-world.ts'

networkAcceptance('libp2p', createRealWorld, new Set(['one-way cuts']))
