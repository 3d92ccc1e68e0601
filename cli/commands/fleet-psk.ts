// `fleet psk`: rotation of the pre-shared key. `rotate` opens a new one beside the old, boards hand it to one another, `status` tells how far
// that is, and `finish` closes the old one. Between the two every connection is made with whichever both ends have.

import { rm } from 'node:fs/promises'
import type { Command } from 'commander'
import type { NodeRow } from '../../crdt/api-nodes.ts'
import { toBase64 } from '../../crdt/base64.ts'
import { admissionMode } from '../../crdt/documents/fleet.ts'
import { type PskDigest, type PskStatements, pskDigest, pskFromRegisters, pskPaths, shortPskDigest } from '../../crdt/documents/psk.ts'
import { type FleetId, fleetDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { allBoards } from '../boards/all-boards.ts'
import { type Cli, type WriteOptions, confirmOptions, remoteAboutFleet } from '../command.ts'
import { type Fleet, fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { isThere } from '../fleet/fleet-files.ts'
import { editFleet, openDocument } from '../job/job-edit.ts'
import { usable } from '../fleet/learn-psks.ts'
import { paintFor, printData } from '../print.ts'
import { nextPskFile, readPsks, writePsks } from '../fleet/psk-file.ts'
import { boardsText, pskRows } from '../render/psk.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { submitProposal } from '../fleet/submit-proposal.ts'

export function addFleetPsk(parent: Command, cli: Cli): void {
  const group = parent.command('psk').description('rotate the pre-shared key, without downtime')
  const rotate = confirmOptions(group.command('rotate').description('make a new key and hand it out; both are valid until `finish`'))
  remoteAboutFleet<WriteOptions>(cli, rotate, (session, { options }) => rotateKey(session, options))
  remoteAboutFleet(
    cli,
    group.command('status').description('which boards have the new key, and since when the others are silent'),
    showStatus,
  )
  const finish = confirmOptions(group.command('finish').description('close the old key')).option(
    '--force',
    'also if boards lack the new key: those are shut out until they are given an up-to-date join file',
  )
  remoteAboutFleet<FinishOptions>(cli, finish, (session, { options }) => finishRotation(session, options))
}

interface FinishOptions extends WriteOptions {
  readonly force?: boolean
}

const pskBytes = 32

async function rotateKey(session: Session, options: WriteOptions): Promise<ExitCode> {
  const { io, context } = session
  const { fleet } = await openDocument(session, fleetDocId, undefined)
  const { registers } = fleet.rights.doc
  if (admissionMode(registers) !== 'certified') {
    const hint = 'close it first: shoal fleet close'
    throw new CliError('E_PSK', 'the fleet is open: whoever has the old key is a member, and would be handed the new one', { hint })
  }
  const known = await readPsks(context.pskFile)
  const next = nextPskFile(context.pskFile)
  const { open, closed } = pskFromRegisters(registers)
  // One that was given up meanwhile, for one from the other side of a cut, is open no more.
  const begun = ((await isThere(next)) ? await readPsks(next) : []).filter((key) => !closed.has(digestOf(session, key)))
  const held = [...known, ...begun]
  const isUnderWay = open.length > 1 && (await isThereAnywhere(session, open[0]!, held))
  const key = isUnderWay ? heldKey(session, open[0]!, held) : (begun[0] ?? io.random(pskBytes))
  // On this machine's disk before anybody hears of it: a key that boards are told of and nobody has would keep them asking.
  if (!isUnderWay && begun.length === 0) await writePsks(next, [key])
  const edit = await editFleet(session, (doc) => opening(session, pskFromRegisters(doc.registers), key, known))
  if (edit.proposed !== null) return await submitProposal(session, edit, edit.proposed, options)
  const receipt = edit.envelopes.length === 0 ? null : await submit(session, edit.envelopes, undefined, options)
  for await (const _ of session.follow({ method: 'psk.offer', key: toBase64(key) }, AbortSignal.timeout(session.timeoutMs))) void _
  await writePsks(context.pskFile, usable(io.crypto, context.fleet as FleetId, pskFromRegisters(edit.after.registers), [key, ...known]))
  await rm(next, { force: true })
  const digest = shortPskDigest(digestOf(session, key))
  if (session.format !== 'table') printData(io, session.format, { key: digest, receipt })
  else {
    io.stdout.write(`${!isUnderWay ? 'a new key is' : 'the key that was begun is handed out again'}: ${digest}; the old one stays valid
next: shoal fleet psk status, until all boards have it; then shoal fleet psk finish
      shoal fleet join-file FILE for each join file that new boards are given
${receipt === null ? '' : receiptLine(receipt, options.confirm)}`)
  }
  return receipt === null || receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

/** One that no board has said to have, and this context has not, is lost with the machine that made it: then another one is made. */
async function isThereAnywhere(session: Session, newest: PskDigest, held: readonly Uint8Array[]): Promise<boolean> {
  if (held.some((key) => digestOf(session, key) === newest)) return true
  const { boards } = await look(session)
  return pskRows(boards, newest).some(({ has }) => has)
}

/** A rotation is under way: this key is handed out again, not another one made. */
function heldKey(session: Session, digest: PskDigest, known: readonly Uint8Array[]): Uint8Array {
  const held = known.find((key) => digestOf(session, key) === digest)
  if (held !== undefined) return held
  throw new CliError('E_PSK', 'a rotation is under way, and this context does not have its key yet', {
    hint: 'any command to a board that has it brings it; shoal fleet psk status shows which do',
  })
}

function opening(
  session: Session,
  { open, generation }: PskStatements,
  key: Uint8Array,
  known: readonly Uint8Array[],
): Map<string, Scalar> {
  const digest = digestOf(session, key)
  if (open.includes(digest)) return new Map()
  if (open.length > 0) return new Map([[pskPaths.opened(digest), generation + 1]])
  // The first key of a fleet is in no document: it is named now, so that it can be closed.
  const first = pskPaths.opened(digestOf(session, known[0]!))
  return new Map([
    [first, generation + 1],
    [pskPaths.opened(digest), generation + 2],
  ])
}

async function showStatus(session: Session): Promise<void> {
  const statements = statementsOf(await fetchFleet(session))
  const { boards, silentPools } = await look(session)
  const [newest] = statements.open
  const rows = pskRows(boards, newest)
  const isUnderWay = statements.open.length > 1
  if (session.format !== 'table') {
    return printData(session.io, session.format, {
      underWay: isUnderWay,
      key: newest === undefined ? null : shortPskDigest(newest),
      boards: rows,
      silentPools,
    })
  }
  const { stdout } = session.io
  if (newest === undefined) return stdout.write('the key was never rotated\n')
  stdout.write(
    `${isUnderWay ? 'a rotation is under way: the old key is valid, too' : 'no rotation is under way'}; newest key ${shortPskDigest(newest)}\n\n`,
  )
  stdout.write(boardsText(rows, silentPools, paintFor(session.io)))
}

async function finishRotation(session: Session, options: FinishOptions): Promise<ExitCode> {
  const { io, context, format } = session
  const { fleet } = await openDocument(session, fleetDocId, undefined)
  const [newest, ...older] = statementsOf(fleet).open
  if (newest === undefined || older.length === 0)
    throw new CliError('E_PSK', 'no rotation is under way', { hint: 'begin one with: shoal fleet psk rotate' })
  const known = await readPsks(context.pskFile)
  // Or this context would shut itself out.
  heldKey(session, newest, known)
  const behind = await boardsBehind(session, newest)
  if (behind.length > 0 && options.force !== true) {
    throw new CliError(
      'E_PSK_BEHIND',
      `${behind.length} boards or pools do not have the new key yet, or have not said so: ${behind.join(', ')}`,
      {
        hint: 'shoal fleet psk status shows since when; with --force they are shut out until they are given an up-to-date join file',
      },
    )
  }
  const edit = await editFleet(session, ({ registers }) => {
    const [now, ...others] = pskFromRegisters(registers).open
    // Of that nobody was asked whether all have it.
    if (now !== newest) throw new CliError('E_PSK', 'another rotation began just now', { hint: 'look at it: shoal fleet psk status' })
    return new Map(others.map((digest) => [pskPaths.closed(digest), 1]))
  })
  if (edit.proposed !== null) return await submitProposal(session, edit, edit.proposed, options)
  const receipt = await submit(session, edit.envelopes, undefined, options)
  await writePsks(context.pskFile, usable(io.crypto, context.fleet as FleetId, statementsOf({ rights: { doc: edit.after } }), known))
  if (format !== 'table') printData(io, format, { key: shortPskDigest(newest), shutOut: behind, receipt })
  else {
    const out = behind.length === 0 ? '' : `shut out until they are given an up-to-date join file: ${behind.join(', ')}\n`
    io.stdout.write(`the old key is closed\n${out}${receiptLine(receipt, options.confirm)}`)
  }
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

async function boardsBehind(session: Session, newest: PskDigest): Promise<readonly string[]> {
  const { boards, silentPools } = await look(session)
  const lacking = pskRows(boards, newest).filter(({ has }) => !has)
  return [...lacking.map(({ name }) => safe(name)), ...silentPools.map((pool) => `pool ${safe(pool)}, of which nobody answers`)]
}

/** Members alone: who waits is given no key. */
async function look(session: Session): Promise<{ readonly boards: readonly NodeRow[]; readonly silentPools: readonly string[] }> {
  const silentPools: string[] = []
  const all = await allBoards(session, (pool) => silentPools.push(pool))
  return {
    boards: all.filter(({ admission, liveness }) => (admission === undefined || admission === 'surplus') && liveness !== 'left'),
    silentPools,
  }
}

function statementsOf({ rights }: { readonly rights: Pick<Fleet['rights'], 'doc'> }): PskStatements {
  return pskFromRegisters(rights.doc.registers)
}

function digestOf({ io, context }: Session, key: Uint8Array): PskDigest {
  return pskDigest(io.crypto, context.fleet as FleetId, key)
}
