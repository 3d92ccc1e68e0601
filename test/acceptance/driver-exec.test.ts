// The acceptance suite of task drivers, against processes in cages. Run as root, where cgroups can be made.

import { acceptDriver } from './driver.ts'
import { acceptDriverContract } from './driver-contract.ts'
import { harness } from './driver-exec-harness.ts'
import { contractOf } from './driver-harness.ts'

acceptDriverContract(() => contractOf(harness()))
acceptDriver(harness)
