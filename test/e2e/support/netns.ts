// Boards as network namespaces on one machine: a hub namespace with a bridge, a veth pair for each board. Cuts are real: links go
// down, iptables drops packets. Needs root, iproute2 and iptables; cleans up after itself.

import { execFileSync } from 'node:child_process'
import { undoAtExit } from './cleanup.ts'

let rigs = 0

export class Rig {
  readonly #prefix: string
  readonly #hub: string
  readonly #net: number
  readonly #index: number
  readonly #names: string[] = []
  /** `from to` */
  readonly #dropped = new Set<string>()
  readonly #undo = undoAtExit(() => this.#remove())

  constructor() {
    // The process id keeps two runs on one machine apart; names of interfaces have at most 15 characters.
    this.#prefix = `sh${process.pid % 100_000}x${rigs}`
    this.#index = rigs++
    this.#hub = `${this.#prefix}hub`
    this.#net = 100 + (process.pid % 100)
    ip('netns', 'add', this.#hub)
    inside(this.#hub, 'ip', 'link', 'add', 'br0', 'type', 'bridge')
    inside(this.#hub, 'ip', 'link', 'set', 'br0', 'up')
  }

  addBoard(name: string): void {
    const index = this.#names.push(name)
    const namespace = this.namespace(name)
    ip('netns', 'add', namespace)
    ip('link', 'add', `${this.#prefix}h${index}`, 'type', 'veth', 'peer', 'name', `${this.#prefix}b${index}`)
    ip('link', 'set', `${this.#prefix}h${index}`, 'netns', this.#hub)
    ip('link', 'set', `${this.#prefix}b${index}`, 'netns', namespace)
    inside(this.#hub, 'ip', 'link', 'set', `${this.#prefix}h${index}`, 'master', 'br0', 'up')
    inside(namespace, 'ip', 'link', 'set', `${this.#prefix}b${index}`, 'name', 'eth0')
    inside(namespace, 'ip', 'addr', 'add', `${this.address(name)}/24`, 'dev', 'eth0')
    inside(namespace, 'ip', 'link', 'set', 'eth0', 'up')
    inside(namespace, 'ip', 'link', 'set', 'lo', 'up')
  }

  namespace(name: string): string {
    return `${this.#prefix}${name}`
  }

  address(name: string): string {
    return `10.${this.#net}.${this.#index}.${this.#names.indexOf(name) + 1}`
  }

  /** The cable is pulled. */
  unplug(name: string): void {
    inside(this.#hub, 'ip', 'link', 'set', this.#hubSide(name), 'down')
  }

  plug(name: string): void {
    inside(this.#hub, 'ip', 'link', 'set', this.#hubSide(name), 'up')
  }

  /** Packets go one way only: `in` = the board hears nothing, `out` = nobody hears the board. */
  oneWay(name: string, lost: 'in' | 'out'): void {
    const namespace = this.namespace(name)
    if (lost === 'in') inside(namespace, 'iptables', '-A', 'INPUT', '-i', 'eth0', '-j', 'DROP')
    else inside(namespace, 'iptables', '-A', 'OUTPUT', '-o', 'eth0', '-j', 'DROP')
  }

  /** The board dials out, and nobody gets through to it: the usual NAT. */
  behindNat(name: string): void {
    inside(this.namespace(name), 'iptables', '-A', 'INPUT', '-i', 'eth0', '-p', 'tcp', '--syn', '-j', 'DROP')
  }

  /** These two cannot talk; both can talk to the others. */
  part(a: string, b: string): void {
    this.drop(a, b)
    this.drop(b, a)
  }

  /** What one board says does not arrive at the other. */
  drop(from: string, to: string): void {
    if (this.#dropped.has(`${from} ${to}`)) return
    this.#dropped.add(`${from} ${to}`)
    inside(this.namespace(to), 'iptables', '-A', 'INPUT', '-s', this.address(from), '-j', 'DROP')
  }

  /** Ends a `drop`; nothing happens where there is none. */
  pass(from: string, to: string): void {
    if (!this.#dropped.delete(`${from} ${to}`)) return
    inside(this.namespace(to), 'iptables', '-D', 'INPUT', '-s', this.address(from), '-j', 'DROP')
  }

  /** Every fault ends. */
  heal(): void {
    this.#dropped.clear()
    for (const name of this.#names) {
      inside(this.namespace(name), 'iptables', '-F')
      this.plug(name)
    }
  }

  destroy(): void {
    this.#undo()
  }

  #remove(): void {
    for (const name of this.#names) tryIp('netns', 'del', this.namespace(name))
    tryIp('netns', 'del', this.#hub)
  }

  #hubSide(name: string): string {
    return `${this.#prefix}h${this.#names.indexOf(name) + 1}`
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function tryIp(...args: string[]): void {
  try {
    ip(...args)
  } catch {
    // already gone
  }
}

function inside(namespace: string, ...command: string[]): void {
  execFileSync('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'ignore', 'pipe'] })
}
