import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findDevices } from '../../../../../node/adapters/devices/find.ts'
import type { Declared, OwnerRules } from '../../../../../node/adapters/devices/owner-rules.ts'
import { type DeviceTree, folderTree } from '../../../../../node/adapters/devices/tree.ts'
import { FakeBoard } from '../../../../support/sysfs.ts'

const all = { allow: ['*'], deny: [], declare: [] }

async function on(
  build: (board: FakeBoard) => void,
  rules: Partial<OwnerRules> = {},
  more: (board: FakeBoard) => Partial<DeviceTree> = () => ({}),
) {
  const board = new FakeBoard()
  try {
    build(board)
    const tree = { ...folderTree(board), ...more(board) }
    const found = await findDevices(tree, { ...all, ...rules })
    const short = (path: string): string => path.replace(board.dev, '/dev')
    const rows = found?.devices.map(({ key, type, vendor, model, path }) => `${vendor}/${type}/${model} ${key} ${short(path)}`)
    return { rows: rows?.toSorted() ?? null, devices: found?.devices ?? [], skipped: found?.skipped.map(short) ?? [] }
  } finally {
    board.remove()
  }
}

const declare = (path: string, more: Partial<Declared> = {}): Declared => ({
  path,
  type: 'scanner',
  vendor: 'local',
  model: 'till',
  attributes: {},
  ...more,
})

test('a serial adapter is named by its numbers and keyed by its port; what it says of itself is in its attributes', async () => {
  const { rows, devices } = await on((board) => board.adapter('1.2', 'ttyUSB0', { serial: 'A1', product: 'FT232R', manufacturer: 'FTDI' }))
  assert.deepEqual(rows, ['0403/serial/6001 serial-0000:00:14.0-usb2-1.2-1.0 /dev/ttyUSB0'])
  assert.deepEqual(devices[0]!.attributes, { manufacturer: 'FTDI', product: 'FT232R', serial: 'A1', port: '1.2', interface: '1.0' })
})

test('a twin with the same serial number is another device, and the first one keeps its key, whatever their files are called', async () => {
  const alone = await on((board) => board.adapter('1', 'ttyUSB0', { serial: 'A1' }))
  const both = await on((board) => {
    board.adapter('2', 'ttyUSB0', { serial: 'A1' })
    board.adapter('1', 'ttyUSB1', { serial: 'A1' })
    board.adapter('1', 'ttyUSB2', { serial: 'A1' }, 2)
  })
  const key = alone.devices[0]!.key
  assert.deepEqual(both.rows, [
    `0403/serial/6001 ${key} /dev/ttyUSB1`,
    '0403/serial/6001 serial-0000:00:14.0-usb2-2-1.0 /dev/ttyUSB0',
    '0403/serial/6001 serial-0000:00:14.0-usb3-1-1.0 /dev/ttyUSB2',
  ])
})

test('an adapter with several ports behind one interface', async () => {
  const { rows } = await on((board) => {
    const device = board.adapter('1', 'ttyUSB0')
    board.files(`${device}/1-1:1.0/ttyUSB1`, { port_number: '1' })
    board.terminal('ttyUSB1', `${device}/1-1:1.0/ttyUSB1/tty/ttyUSB1`)
  })
  assert.deepEqual(
    rows?.map((row) => row.split(' ')[1]),
    ['serial-0000:00:14.0-usb2-1-1.0', 'serial-0000:00:14.0-usb2-1-1.0-1'],
  )
})

test('other things on USB are by vendor and product, without hubs and without what is a device of another type already', async () => {
  const { rows } = await on((board) => {
    board.usb('1', { bDeviceClass: '09' })
    board.usb('1.4', { idVendor: '1a86', idProduct: '55d2' })
    board.adapter('2', 'ttyACM0')
    const camera = board.usb('3', { idVendor: '046d', idProduct: '0825' })
    for (const index of ['0', '1']) {
      board.files(`${camera}/1-3:1.0/video4linux/video${index}`, { index })
      board.link(`/class/video4linux/video${index}`, `${camera}/1-3:1.0/video4linux/video${index}`)
      board.node(`video${index}`)
    }
  })
  assert.deepEqual(rows, [
    '0403/serial/6001 serial-0000:00:14.0-usb2-2-1.0 /dev/ttyACM0',
    '046d/video/0825 video-0000:00:14.0-usb2-3-1.0 /dev/video0',
    '1a86/usb/55d2 usb-0000:00:14.0-usb2-1.4 /dev/bus/usb/001/008',
  ])
})

test('GPUs by their render nodes: on PCI by numbers, on a board by their driver', async () => {
  const { rows } = await on((board) => {
    const pci = '/devices/pci0000:00/0000:00:02.0'
    board.files(pci, { vendor: '0x8086', device: '0x46a6' })
    const soc = '/devices/platform/soc/fec00000.v3d'
    board.driver(soc, 'v3d')
    for (const [at, node] of [
      [pci, 'renderD128'],
      [pci, 'card0'],
      [soc, 'renderD129'],
    ] as const) {
      board.folder(`${at}/drm/${node}`)
      board.link(`/class/drm/${node}`, `${at}/drm/${node}`)
      board.node(`dri/${node}`)
    }
  })
  assert.deepEqual(rows, ['8086/gpu/46a6 gpu-0000:00:02.0 /dev/dri/renderD128', 'platform/gpu/v3d gpu-fec00000.v3d /dev/dri/renderD129'])
})

const soc = '/devices/platform/soc'

test('UARTs of the board by their real parents, below the ports of newer kernels too; not those that are only kept a place for', async () => {
  const { rows } = await on((board) => {
    for (const [uart, name] of [
      ['fe201000', 'ttyAMA0'],
      ['fe201400', 'ttyAMA1'],
    ] as const) {
      const parent = `${soc}/${uart}.serial`
      const port = `${parent}/${uart}.serial:0/${uart}.serial:0.0`
      board.terminal(name, `${port}/tty/${name}`, { type: '32' })
      board.driver(parent, 'uart-pl011')
      board.subsystem(parent, 'platform')
      board.subsystem(`${parent}/${uart}.serial:0`, 'serial-base')
      board.subsystem(port, 'serial-base')
    }
    board.terminal('ttyS0', `${soc}/fe215040.serial/tty/ttyS0`, { type: '4' })
    board.driver(`${soc}/fe215040.serial`, 'of_serial')
    board.terminal('ttyS3', '/devices/platform/serial8250/serial8250:0/serial8250:0.3/tty/ttyS3', { type: '0' })
    board.terminal('tty1', '/devices/virtual/tty/tty1')
  })
  assert.deepEqual(rows, [
    'platform/serial/of_serial serial-fe215040.serial-ttyS0 /dev/ttyS0',
    'platform/serial/uart-pl011 serial-fe201000.serial-0.0 /dev/ttyAMA0',
    'platform/serial/uart-pl011 serial-fe201400.serial-0.0 /dev/ttyAMA1',
  ])
})

test('consoles are nobody’s, whichever way the kernel says so; nor is the USB device that one is on', async () => {
  const { rows } = await on((board) => {
    board.terminal('ttyS0', `${soc}/a.serial/tty/ttyS0`, { type: '4', console: 'Y' })
    board.terminal('ttyS1', `${soc}/b.serial/tty/ttyS1`, { type: '4', console: 'N' })
    board.terminal('ttyS2', `${soc}/c.serial/tty/ttyS2`, { type: '4' })
    board.terminal('ttyS20', `${soc}/d.serial/tty/ttyS20`, { type: '4' })
    board.adapter('1', 'ttyUSB0')
    board.file('/devices/virtual/tty/console/active', 'tty0 ttyS20 ttyUSB0')
    board.link('/class/tty/console', '/devices/virtual/tty/console')
  })
  assert.deepEqual(
    rows?.map((row) => row.split(' ')[2]),
    ['/dev/ttyS1', '/dev/ttyS2'],
  )
})

test('nothing unless it is allowed, and what is denied is offered in no other way', async () => {
  const build = (board: FakeBoard): void => void [board.adapter('1', 'ttyUSB0'), board.usb('2', { idVendor: '1a86' })]
  assert.deepEqual((await on(build, { allow: [] })).rows, [])
  const usb = await on(build, { allow: ['usb', '0403/*/*'], deny: ['serial'] })
  assert.deepEqual(
    usb.rows?.map((row) => row.split(' ')[0]),
    ['1a86/usb/6001'],
  )
  assert.deepEqual(usb.skipped, ['0403/serial/6001 (serial-0000:00:14.0-usb2-1-1.0, /dev/ttyUSB0): devices.deny has serial'])
  const none = await on(build, { allow: ['video'] })
  assert.match(none.skipped[0]!, /nothing in devices\.allow fits$/)
})

test('a declared device is what its owner says, wherever its link leads; its hardware is offered once, and judged by its new name', async () => {
  const build = (board: FakeBoard): void => {
    board.adapter('1', 'ttyUSB0')
    board.node('serial/by-id/scanner', 'ttyUSB0')
    board.node('serial/by-path/one', 'ttyUSB0')
  }
  const path = '/dev/serial/by-id/scanner'
  const renamed = await on(build, { declare: [declare(path), declare('/dev/serial/by-path/one')] })
  assert.deepEqual(renamed.rows, ['local/scanner/till declared-serial.by-id.scanner /dev/ttyUSB0'])
  assert.match(renamed.skipped.join(), /declared-serial\.by-path\.one, \/dev\/ttyUSB0\): it is declared-serial\.by-id\.scanner/)
  assert.deepEqual((await on(build, { allow: [], declare: [declare(path)] })).rows, renamed.rows)
  assert.deepEqual((await on(build, { deny: ['serial'], declare: [declare(path)] })).rows, renamed.rows)
  assert.deepEqual((await on(build, { deny: ['scanner'], declare: [declare(path)] })).rows, [])
  const gone = await on(build, { declare: [declare('/dev/ttyUSB9')] })
  assert.deepEqual([gone.rows?.length, gone.skipped], [1, ['/dev/ttyUSB9: it is declared, and not there']])
})

test('hardware that is declared by another file of it is the same, too', async () => {
  const { rows } = await on(
    (board) => {
      const device = board.adapter('1', 'ttyUSB0')
      board.link('/dev/char/189:3', device)
      board.node('raw')
    },
    { declare: [declare('/dev/raw')] },
    () => ({
      node: (path) => Promise.resolve({ path, number: path === '/dev/raw' ? '189:3' : '188:0', isBlock: false }),
    }),
  )
  assert.deepEqual(rows, ['local/scanner/till declared-raw /dev/raw'])
})

test('what has no file yet, and a path that no list can hold, is told and not offered', async () => {
  const { rows, skipped } = await on((board) => {
    board.adapter('1', 'ttyUSB0')
    board.gone('dev/ttyUSB0')
    board.terminal('tty,S1', `${soc}/b.serial/tty/tty,S1`, { type: '4' })
  })
  assert.deepEqual(rows, [])
  assert.match(skipped.join('\n'), /there is no \/dev\/ttyUSB0 yet/)
  assert.match(skipped.join('\n'), /characters that no list of paths can hold/)
})

test('paths are those of the host, wherever the agent has its /dev', async () => {
  const { devices } = await on((board) => board.adapter('1', 'ttyUSB0'))
  assert.equal(devices[0]!.path, '/dev/ttyUSB0')
})

test('a declared disk is looked up among block devices: its number may be a character device’s, too', async () => {
  const { rows } = await on(
    (board) => {
      board.link('/dev/char/8:0', board.adapter('1', 'ttyUSB0'))
      board.link('/dev/block/8:0', board.usb('2', { idVendor: '1a86' }))
      board.node('sda')
    },
    { declare: [declare('/dev/sda')] },
    () => ({ node: (path) => Promise.resolve({ path, number: path === '/dev/sda' ? '8:0' : '188:0', isBlock: path === '/dev/sda' }) }),
  )
  assert.deepEqual(rows, ['0403/serial/6001 serial-0000:00:14.0-usb2-1-1.0 /dev/ttyUSB0', 'local/scanner/till declared-sda /dev/sda'])
})

test('numbers of hardware are the same in capitals', async () => {
  const build = (board: FakeBoard): void => void board.adapter('1', 'ttyUSB0', { idVendor: '10c4', idProduct: 'ea60' })
  assert.deepEqual((await on(build, { deny: ['10C4/serial/EA60'] })).rows, [])
  assert.equal((await on(build, { allow: ['10C4/serial'] })).rows?.length, 1)
})

test('a declared link with a long name is offered, and two that begin alike are two', async () => {
  const path = `/dev/serial/by-id/usb-Silicon_Labs_CP2102N_USB_to_UART_Bridge_Controller_${'2ac5e8f1'.repeat(4)}-if00-port`
  const { rows } = await on(
    (board) => {
      for (const port of ['0', '1']) {
        board.adapter(`${port}.1`, `ttyUSB${port}`)
        board.node(`${path.replace('/dev/', '')}${port}`, `ttyUSB${port}`)
      }
    },
    { allow: [], declare: [declare(`${path}0`), declare(`${path}1`)] },
  )
  assert.deepEqual(rows?.map((row) => row.split(' ')[2]).toSorted(), ['/dev/ttyUSB0', '/dev/ttyUSB1'])
  assert.match(rows?.[0] ?? '', /declared-serial\.by-id\.usb-Silicon_Labs_CP2102N_USB_to_UART_Bridge_\w*-[0-9a-f]{16} /)
})

test('the hardware of a port is told in both of its forms; what is denied as a port is no other thing on USB before its driver is bound', async () => {
  const bound = await on((board) => void board.adapter('1', 'ttyUSB0'))
  const unbound = await on((board) => void board.usb('1'))
  assert.deepEqual([bound.devices[0]!.unit, unbound.devices[0]!.unit], [`${place}/1-1:1.0/ttyUSB0/tty/ttyUSB0`, place])
  assert.deepEqual((await on((board) => void board.usb('1'), { deny: ['0403/serial'] })).rows, [])
})
const place = '0000:00:14.0-usb2-1'

test('the terminals of the screen are not looked at', async () => {
  const asked: string[] = []
  await on(
    (board) => {
      for (const name of ['tty', 'tty0', 'tty63']) board.terminal(name, `/devices/virtual/tty/${name}`)
      board.adapter('1', 'ttyUSB0')
    },
    {},
    (board) => ({ real: (path) => (asked.push(path), folderTree(board).real(path)) }),
  )
  assert.deepEqual(
    asked.filter((path) => path.startsWith('/class/tty/')),
    ['/class/tty/ttyUSB0'],
  )
})

test('where sysfs cannot be read nobody knows what is there', async () => {
  assert.equal((await on((board) => board.gone('sys'))).rows, null)
})
