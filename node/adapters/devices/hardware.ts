// Reads one device's place in sysfs: on which bus it is, in which port, and what it says of itself. Names come from numbers that hardware
// has for ever, keys from where it is plugged in: so a second adapter with the same serial number is another device, and the first one
// keeps its key.

import { deviceLimits } from '../../../crdt/devices.ts'
import type { DeviceTree } from './tree.ts'

export interface Hardware {
  /** Which piece of hardware it is: on USB controller, port and what lies below, else its folder. Whatever lies below it is the same one. */
  readonly unit: string
  /** The part of a key that says where it is. */
  readonly place: string
  readonly vendor: string
  readonly model: string
  readonly attributes: Readonly<Record<string, string>>
}

/** A name that a request may ask for. */
export function wordOf(text: string, otherwise: string): string {
  const word = text
    .replaceAll(/[^A-Za-z0-9_.:+-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, deviceLimits.wordCharsMax)
  return word === '' ? otherwise : word
}

/** What is not printable ASCII is nothing that a constraint could name. */
function textOf(text: string | null): string {
  return (text ?? '').replaceAll(/[^ -~]/g, '?').slice(0, deviceLimits.attributeCharsMax)
}

export function attributesOf(values: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  const known = Object.entries(values).map(([name, value]) => [name, textOf(value)] as const)
  return Object.fromEntries(known.filter(([, value]) => value !== ''))
}

const usbDevice = /^\d+-[\d.]+$/
const usbInterface = /^\d+-[\d.]+:\d+\.\d+$/

/** Of a folder below a USB device, or one itself; null: it is on no USB. */
export async function usbOf(tree: DeviceTree, folder: string): Promise<(Hardware & { readonly device: string }) | null> {
  const parts = folder.split('/')
  const at = parts.findLastIndex((part) => usbDevice.test(part))
  const root = parts.findIndex((part) => /^usb\d+$/.test(part))
  if (at < 0 || root < 1) return null
  const device = parts.slice(0, at + 1).join('/')
  const [vendor, model] = [await tree.read(`${device}/idVendor`), await tree.read(`${device}/idProduct`)]
  if (vendor === null || model === null) return null
  const [manufacturer, product, serial] = [
    await tree.read(`${device}/manufacturer`),
    await tree.read(`${device}/product`),
    await tree.read(`${device}/serial`),
  ]
  // A controller of USB 3 has two buses, and a port on each for the same socket.
  const version = await tree.read(`${parts.slice(0, root + 1).join('/')}/version`)
  const bus = `usb${version?.split('.')[0] ?? ''}`
  const port = parts[at]!.replace(/^\d+-/, '')
  const inside = parts[at + 1] ?? ''
  const number = usbInterface.test(inside) ? inside.slice(inside.indexOf(':') + 1) : ''
  return {
    device,
    unit: [[parts[root - 1]!, bus, port].join('-'), ...parts.slice(at + 1)].join('/'),
    place: [parts[root - 1]!, bus, port, number].filter((part) => part !== '').join('-'),
    vendor: wordOf(vendor, 'unknown'),
    model: wordOf(model, 'unknown'),
    attributes: attributesOf({ manufacturer, product, serial, port, interface: number === '' ? null : number }),
  }
}

/** Of what is a part of the board: on PCI by its numbers, elsewhere by the driver that runs it. */
export async function onBoardOf(tree: DeviceTree, parent: string): Promise<Hardware> {
  const driver = (await tree.real(`${parent}/driver`))?.split('/').at(-1) ?? null
  const ids = [await tree.read(`${parent}/vendor`), await tree.read(`${parent}/device`)]
  const [vendor, model] = ids.every((id) => id?.startsWith('0x')) ? ids.map((id) => id!.slice(2)) : ['platform', driver]
  return {
    unit: parent,
    place: parent.split('/').at(-1)!,
    vendor: wordOf(vendor ?? '', 'platform'),
    model: wordOf(model ?? '', 'unknown'),
    attributes: attributesOf({ driver, parent: parent.split('/').at(-1)! }),
  }
}
