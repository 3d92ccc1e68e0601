// A board's /sys and /dev as folders: what is written here is as Linux shows it, and the finder reads it like any other.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export class FakeBoard {
  readonly root = mkdtempSync(join(tmpdir(), 'shoal-sysfs-'))
  readonly sys = join(this.root, 'sys')
  readonly dev = join(this.root, 'dev')

  constructor() {
    this.folder('/class/tty')
    this.folder('/bus/usb/devices')
    mkdirSync(this.dev)
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }

  folder(path: string): void {
    mkdirSync(join(this.sys, path), { recursive: true })
  }

  file(path: string, text: string): void {
    mkdirSync(dirname(join(this.sys, path)), { recursive: true })
    writeFileSync(join(this.sys, path), `${text}\n`)
  }

  files(folder: string, texts: Readonly<Record<string, string>>): void {
    this.folder(folder)
    for (const [name, text] of Object.entries(texts)) this.file(`${folder}/${name}`, text)
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.sys, path)), { recursive: true })
    symlinkSync(join(this.sys, target), join(this.sys, path))
  }

  /** A file below /dev, or a link to one. */
  node(name: string, target?: string): void {
    const path = join(this.dev, name)
    mkdirSync(dirname(path), { recursive: true })
    if (target === undefined) writeFileSync(path, '')
    else symlinkSync(join(this.dev, target), path)
  }

  gone(...paths: readonly string[]): void {
    for (const path of paths) rmSync(join(this.root, path), { recursive: true, force: true })
  }

  /** Something in a port of the board's USB controller; returns its folder. */
  usb(port: string, texts: Readonly<Record<string, string>> = {}, bus = 1): string {
    const root = `/devices/pci0000:00/0000:00:14.0/usb${bus}`
    this.files(root, { version: bus === 1 ? '2.00' : '3.00' })
    const parts = port.split('.').map((_, at, all) => `${bus}-${all.slice(0, at + 1).join('.')}`)
    const folder = `${root}/${parts.join('/')}`
    const devnum = String(parts.join('').length)
    this.files(folder, { idVendor: '0403', idProduct: '6001', bDeviceClass: '00', busnum: String(bus), devnum, ...texts })
    this.link(`/bus/usb/devices/${bus}-${port}`, folder)
    this.node(`bus/usb/${String(bus).padStart(3, '0')}/${devnum.padStart(3, '0')}`)
    return folder
  }

  /** A serial adapter. */
  adapter(port: string, tty: string, texts: Readonly<Record<string, string>> = {}, bus = 1): string {
    const device = this.usb(port, texts, bus)
    const at = `${device}/${bus}-${port}:1.0/${tty}`
    this.files(at, { port_number: '0' })
    this.terminal(tty, `${at}/tty/${tty}`)
    return device
  }

  terminal(name: string, folder: string, texts: Readonly<Record<string, string>> = {}): void {
    this.files(folder, texts)
    this.link(`/class/tty/${name}`, folder)
    this.node(name)
  }

  driver(folder: string, name: string): void {
    this.folder(`/bus/drivers/${name}`)
    this.link(`${folder}/driver`, `/bus/drivers/${name}`)
  }

  subsystem(folder: string, name: string): void {
    this.folder(`/bus/${name}`)
    this.link(`${folder}/subsystem`, `/bus/${name}`)
  }
}
