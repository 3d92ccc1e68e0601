import { networkRestartAcceptance } from './network-suite.ts'
import { createRealWorld } from './network-world.ts'

networkRestartAcceptance('libp2p', createRealWorld)
