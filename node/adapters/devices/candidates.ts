// Everything on the board that could be a device for tasks, whether its owner wants that or not: serial ports, cameras, GPUs, and what else
// is plugged into USB. Each piece of hardware once: an adapter that is a serial port is not also a USB device.

import type { DeviceTree } from './tree.ts'
import { type Hardware, onBoardOf, usbOf, wordOf } from './hardware.ts'

export interface Candidate {
  readonly type: string
  readonly vendor: string
  readonly model: string
  readonly key: string
  readonly path: string
  readonly attributes: Readonly<Record<string, string>>
  /** Two that lie in one another are one piece of hardware. */
  readonly unit: string
}

/** null: sysfs cannot be read, which says nothing of what is there. */
export async function candidatesOf(tree: DeviceTree): Promise<readonly Candidate[] | null> {
  const [ttys = null, videos = null, cards = null] = await Promise.all(['tty', 'video4linux', 'drm'].map((name) => classNodes(tree, name)))
  const usb = await tree.list('/bus/usb/devices')
  // A board without a camera has no such class; one without any terminal is none.
  if (ttys === null) return null
  const used = [...ttys, ...(videos ?? []), ...(cards ?? [])].map(({ folder }) => folder)
  return [
    ...(await each(ttys, (node) => serialAt(tree, node))),
    ...(await each(videos ?? [], (node) => videoAt(tree, node))),
    ...(await each(cards ?? [], (node) => gpuAt(tree, node))),
    ...(await each(usb ?? [], (name) => usbAt(tree, name, used))),
  ]
}

interface ClassNode {
  readonly name: string
  /** Without links. */
  readonly folder: string
}

async function each<T>(all: readonly T[], find: (one: T) => Promise<Candidate | null>): Promise<readonly Candidate[]> {
  return (await Promise.all(all.map(find))).filter((one) => one !== null)
}

/** Of these there are 64 on every board, and none is hardware. */
const screenTerminal = /^tty\d*$/

async function classNodes(tree: DeviceTree, name: string): Promise<readonly ClassNode[] | null> {
  const names = await tree.list(`/class/${name}`)
  if (names === null) return null
  const real = names.filter((one) => !screenTerminal.test(one))
  const nodes = await Promise.all(real.map(async (one) => ({ name: one, folder: await tree.real(`/class/${name}/${one}`) })))
  // Virtual ones (the screen's terminals, pseudo terminals) are no hardware.
  return nodes.flatMap(({ name: one, folder }) =>
    folder === null || folder.startsWith('/devices/virtual/') ? [] : [{ name: one, folder }],
  )
}

function candidate(type: string, hardware: Hardware, path: string, more: Partial<Candidate> = {}): Candidate {
  const { place, vendor, model, attributes, unit } = hardware
  return { type, vendor, model, attributes, unit, path, key: keyOf(type, place), ...more }
}

function keyOf(type: string, place: string): string {
  return `${type}-${place.replaceAll(/[^A-Za-z0-9_.:@+-]/g, '-')}`
}

/** `…/X/tty/ttyS0` → `…/X`, what it is a terminal of. */
function above(folder: string, levels = 2): string {
  return folder.split('/').slice(0, -levels).join('/')
}

async function serialAt(tree: DeviceTree, { name, folder }: ClassNode): Promise<Candidate | null> {
  if (await isConsole(tree, name)) return null
  const path = `/dev/${name}`
  const usb = await usbOf(tree, folder)
  if (usb === null) return uartAt(tree, folder, path, name)
  // Some adapters have several ports behind one interface.
  const port = await tree.read(`${above(folder)}/port_number`)
  const place = port === null || port === '0' ? usb.place : `${usb.place}-${port}`
  return candidate('serial', { ...usb, place }, path)
}

async function isConsole(tree: DeviceTree, name: string): Promise<boolean> {
  const active = (await tree.read('/class/tty/console/active')) ?? ''
  return active.split(/\s+/).includes(name) || (await tree.read(`/class/tty/${name}/console`)) === 'Y'
}

/** A UART of the board. `type` is 0 for those that a driver has only kept a place for, and is there for nothing but UARTs. */
async function uartAt(tree: DeviceTree, folder: string, path: string, name: string): Promise<Candidate | null> {
  const type = await tree.read(`${folder}/type`)
  if (type === null || type === '0') return null
  // Since Linux 6.x a controller and a port, which are no hardware, stand between a UART and its terminal.
  let parent = above(folder)
  while ((await tree.real(`${parent}/subsystem`))?.endsWith('/serial-base') === true) parent = above(parent, 1)
  const hardware = await onBoardOf(tree, parent)
  const below = above(folder).slice(parent.length).split('/').at(-1) ?? ''
  const number = below.includes(':') ? below.slice(below.lastIndexOf(':') + 1) : name
  const place = `${hardware.place}-${number}`
  return candidate('serial', { ...hardware, unit: folder, place }, path)
}

/** Cameras on USB. Of what is a part of the board sysfs does not tell a camera from a decoder: that is declared by who knows. */
async function videoAt(tree: DeviceTree, { name, folder }: ClassNode): Promise<Candidate | null> {
  // Others of the same camera carry what is said about pictures, and no pictures.
  if ((await tree.read(`${folder}/index`)) !== '0') return null
  const usb = await usbOf(tree, folder)
  return usb === null ? null : candidate('video', { ...usb, unit: above(usb.unit) }, `/dev/${name}`)
}

/** What computes; a card's other file is the screen, which is nobody's to share. */
async function gpuAt(tree: DeviceTree, { name, folder }: ClassNode): Promise<Candidate | null> {
  if (!/^renderD\d+$/.test(name)) return null
  return candidate('gpu', await onBoardOf(tree, above(folder)), `/dev/dri/${name}`)
}

async function usbAt(tree: DeviceTree, name: string, used: readonly string[]): Promise<Candidate | null> {
  if (!/^\d+-[\d.]+$/.test(name)) return null
  const folder = await tree.real(`/bus/usb/devices/${name}`)
  if (folder === null || used.some((other) => other.startsWith(`${folder}/`))) return null
  if ((await tree.read(`${folder}/bDeviceClass`)) === '09') return null
  const [usb, bus, number] = [await usbOf(tree, folder), await tree.read(`${folder}/busnum`), await tree.read(`${folder}/devnum`)]
  if (usb === null || bus === null || number === null) return null
  const pad = (text: string): string => wordOf(text, '0').padStart(3, '0')
  return candidate('usb', usb, `/dev/bus/usb/${pad(bus)}/${pad(number)}`)
}
