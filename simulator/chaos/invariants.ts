// What must hold, each rule declared once with a name and a sentence. `always`: in every step. `eventually`: it may be otherwise for a
// moment, of which `patience.ts` says how long it is. `finally`: once all faults have ended and time has passed. `sometimes`: not rules but proof that a search has been where it claims to have been.

export const always = {
  'no-throw': 'No step throws, whatever the board has been told.',
  'no-storm': 'Boards do not keep one another busy: none takes more than 10,000 steps within ten seconds.',
  'one-copy-a-board': 'No board runs two copies of one slot.',
  'last-copy-stays':
    'A copy that runs is stopped only for another copy that runs, or on an operator’s word (of a drain: once its time is over), or by its own restart, failure or disconnect policy.',
  'right-copy-stays':
    'A copy gives way only to one that DESIGN section 6 puts before it, that names it and whose board is seen; one on a draining board, that is healthy.',
  'gives-way-in-order':
    'A claim that has not run yet is given up only for one whose board is seen, whose version is known, and that runs or comes before it.',
  'names-all-rivals':
    'A copy that names those that are to give way names every one that its board sees, and none whose version it does not know.',
  'marks-what-it-replaced': 'A claim marks as lost only what came before it.',
  'ended-stays-ended': 'What a board has ended it does not take up again, unless its disk was replaced or the job removed.',
  'old-disk-starts-nothing': 'A board that runs what its disk does not know goes on with nothing of that disk that does not run.',
  'replaced-as-agreed':
    'A silent copy is replaced after replace_after, not at all where replace is false, and with `partition: half` not on the smaller side; and none whose version is not known.',
  'generations-rise': 'No board uses a generation of a slot twice, unless its disk was replaced or the job removed.',
  'done-stays-done':
    'No board starts work that it has known to be done, unless the disk that said so was replaced or lost it with the power, or the job was removed.',
  'calm-runs-once': 'Until the first fault no slot runs at one form on two boards.',
  'durable-before-told': 'What a board says of itself, and what it acknowledges to an operator, is on disk for good.',
  'not-over-committed': 'What runs on a board asks together for no more than the board has.',
  'view-of-documents': 'Boards with equal documents that see the same boards alive have equal views.',
  'plan-of-view':
    'Boards with equal views on which nobody is silent have equal heirs and holders, whatever the version of their agents, if it knows the plan.',
  'says-what-runs': 'A board says that a copy runs only while all its tasks do, and that it is healthy only after min_healthy_time.',
  'placed-as-asked':
    'No board claims what it may not run: constraints, pool, draining, not eligible, evicted, a disk that takes no writes, a plan that its agent does not know.',
  'updated-in-turn': 'No board moves a copy to a new form while max_parallel others, as far as it knows, are not healthy there.',
  'restarted-as-agreed': 'A task that ended starts again after the delay of `restart`, and no more often than its attempts.',
  'rescheduled-as-agreed': 'A copy that failed is claimed again only after the delay of `reschedule`.',
  'alone-as-agreed': 'No board stops a copy for being alone before it has heard nobody for stop_on_client_after.',
  'healthy-by-checks':
    'A board says that a copy is healthy only once all checks that its health asks for have passed for min_healthy_time, longer after each time that they failed; and not while one fails.',
  'successor-first':
    'What a replaced board held last is claimed by the board in its place, if that can take it; a silent one is waited for until replace_after.',
  'leaves-empty': 'Nothing runs on a board that says that it has left.',
  'ports-apart': 'No board starts a task on a port that another of its copies has.',
  'devices-apart': 'No two copies on a board have one device, or the file of one.',
  'returns-known': 'A board that was silent counts again only when what its link state names is here.',
  'returns-by-a-path': 'A board that was silent counts again only while edges that both ends name lead to it.',
  'returns-damped': 'Each further return counts only after twice as long a contact, five minutes at most.',
  'bans-liars-only': 'No board bans another that has never meant ill, however late, lossy or old what it sends.',
  'bans-end': 'Every ban ends by itself, within an hour.',
  'settles-first': 'A claim, the first of its slot or a later one, waits at least 0.3 s for better ones before anything of it is started.',
  'replacements-paced':
    'While more than a third of a pool has fallen silent within a minute, no board begins to replace more than a tenth of the wanted copies a minute.',
  'generations-above-all':
    'A new claim has a higher generation than all that its board knows of the slot: claims, what these name and mark, verdicts, wishes.',
  'removed-stays-removed': 'A board that has known that a job is removed runs nothing of it before an operator has it run again.',
  'compaction-keeps-all':
    'A job whose history is dropped says what it said; and, unless that is forced, no board that is seen has had for a minute what is not in it.',
  'revoked-has-no-effect':
    'Where it is known that a key is revoked, nothing new is taken from its owner, and nothing that it wrote is in force but what an admin vouched for.',
  'epochs-rise': 'The epoch of a document goes back on no board, unless its disk was replaced or lost a part of it.',
  'sequences-rise': 'The sequence of an author’s link states goes back on no board while that runs.',
  'only-genuine': 'No board has a change that its author did not make, or a link state that its board never said.',
} as const

export const eventually = {
  'alone-stops': 'A board that hears nobody for stop_on_client_after stops its copy, half a minute later at most.',
  'tells-what-runs': 'What a board says of its copies in its document is what it knows of them, after a minute at most.',
  'silence-noticed': 'A board that is down does not count as alive for longer than 45 s.',
  'vacancy-filled': 'A slot that nobody holds, and that a board sees that could take it, is not vacant for longer than 90 s.',
  'evicted-stops': 'A board that knows that it is evicted runs nothing, after a minute at most.',
  'done-stops': 'A copy whose board knows that its work is done elsewhere is told to stop within 15 s.',
  'lost-returns': 'What operators wrote and a disk has lost comes back from a connected board that has it, after two minutes at most.',
  'core-knows':
    'What one board of the core knows that operators wrote, every other one of it knows within three minutes, whatever boards outside do.',
  'core-runs-once': 'No two copies of a slot run on two boards of the core for longer than five minutes, whatever boards outside do.',
  'orphans-end': 'Tasks of a known job that nothing on their board claims end within 90 s.',
} as const

/** Of a core: of its boards and what runs on them. A slot is excused that a board outside holds as far as the core can see, or may not lose. */
export const finals = {
  'documents-equal': 'All boards that belong to the fleet have the same documents.',
  'fleet-document-equal': 'The boards of all pools have the same fleet document.',
  'views-equal': 'All of them derive the same view.',
  'plans-equal': 'All of them have the same plan: heirs, holders, candidates, reasons.',
  'wanted-runs-once': 'Every slot that a job wants and that fits somewhere runs exactly once.',
  'form-in-force': 'Every copy runs the version in force.',
  'unwanted-stopped': 'Nothing runs that no job wants, and nothing runs on an evicted board.',
  'leaves-at-last': 'A board that is to leave and runs nothing has left and ended, and every board knows.',
  drained: 'Nothing runs on a draining board that fits on another.',
  'last-word-holds': 'What operators wrote last, knowing all that was written before, is what every board has.',
  'nothing-lost':
    'Every change that a board acknowledged to an operator is in every board’s documents, unless all that kept it are evicted; one that has left on its own word took nothing with it.',
  'wishes-done': 'What an operator wants restarted or stopped has been.',
  'comes-to-rest': 'Nothing is started, stopped or written any more.',
} as const

export const sometimes = {
  'core-formed': 'Faults ended inside a core, and went on outside.',
  'core-and-outside': 'A slot ran in the core and outside of it at once.',
  'core-settled': 'A core came to rest beside boards that it did not hear, or that did not hear it.',
  'two-copies': 'Two copies of a slot ran at once, on two sides of a cut.',
  'surplus-stopped': 'A heal stopped a surplus copy.',
  'original-stayed': 'Of two copies the older one stayed.',
  'replacement-stayed': 'Of two copies the newer one stayed.',
  adopted: 'A board that came back adopted what ran.',
  'old-disk-noticed': 'A board saw from its peers that its disk was an old one.',
  'updated-in-place': 'A new version replaced the old one where it ran.',
  'drained-away': 'A copy moved off a draining board.',
  'evicted-stopped': 'An evicted board stopped what it ran.',
  'crash-restarted': 'A task that crashed was started again.',
  'gave-up': 'A board gave a copy up after failures.',
  'disk-refused': 'A board with a full disk refused an operator.',
  'disk-read-only': 'A disk was read-only for a while.',
  'disk-io-error': 'A disk answered with errors for a while.',
  'disk-kept-down': 'An agent began only once its disk could be read.',
  'both-sides-wrote': 'Operators changed one job on two sides of a cut.',
  'alone-stopped': 'A board that heard nobody stopped its copy itself.',
  'cut-mid-step': 'Power failed between two effects of one step.',
  'killed-mid-step': 'An agent ended between two effects of one step.',
  'died-before-telling': 'An agent or a board ended once something was written, and before anybody was told of it.',
  'died-telling': 'An agent or a board ended between two frames that it sent.',
  'died-as-task-began': 'An agent ended once a driver had been told to start a task.',
  'died-in-sync': 'An agent or a board ended while its disk was busy with a write.',
  'driver-went-on': 'A driver did what an agent had asked for that was no longer there.',
  'writes-undone': 'A power cut undid writes.',
  'clock-drifted': 'A board’s clock ran at another rate.',
  'records-torn': 'A power cut damaged records, which the store dropped.',
  'clone-ran': 'A second machine ran with a copy of a board’s disk.',
  ineligible: 'A board was to take no new copies.',
  'twin-ran': 'Two machines ran with one key at the same time.',
  'twin-noticed': 'A board saw that another one writes with its key.',
  tails: 'Some frames took many seconds longer than the others.',
  'cut-for-long': 'A cut lasted for most of the chaos.',
  'thin-line': 'A board was behind a line of a few kbit/s.',
  'slow-board': 'Every step of a board took long.',
  'address-changed': 'A board was found at another address.',
  'agent-upgraded': 'The agent of a board was upgraded to one that knows one plan more.',
  'plan-unknown': 'An agent did not know the plan of its fleet.',
  'next-plan': 'Of two copies one stayed by the plan that only upgraded agents know.',
  'joined-late': 'A board joined in the middle.',
  'left-for-good': 'A board left and never came back.',
  'left-by-itself': 'A board left because an operator wished it, and its agent ended.',
  'left-by-deadline': 'A board that was to leave stopped what nobody had taken over in time.',
  'left-put-back': 'A board that had left was put back with an older disk.',
  'leave-taken-back': 'A board heard that it is to leave no more.',
  replaced: 'An operator put a board in the place of another.',
  'successor-took-over': 'A board claimed what the board whose place it has taken held last.',
  'system-spared': 'A board drained and kept its copy of a system job.',
  'check-failed': 'A copy that was healthy was found unhealthy by a check.',
  'check-flapped': 'Checks found a copy unhealthy more than once within the hour.',
  'check-restarted': 'A check that failed had its task restarted.',
  'made-room': 'A copy made room for one of a more important job.',
  'check-refused': 'A copy failed because its board runs no such checks.',
  'all-booted-at-once': 'All boards lost power and came back together.',
  'two-pools': 'Boards of two pools were connected.',
  'stops-slowly': 'Tasks took long to end.',
  'work-done': 'A copy of a batch job ended well.',
  'done-elsewhere': 'A copy stopped because its work was done elsewhere.',
  'one-each': 'A job had a copy on each board that suits.',
  'vanished-unwatched': 'A task ended while no agent ran.',
  'submitted-at-once': 'Operators submitted several jobs at one moment.',
  compacted: 'An operator dropped the history of a job.',
  'compacted-by-force': 'An operator dropped the history of a job, and not every board had recorded the same one.',
  'compaction-refused': 'An operator did not drop a history that not every board had recorded.',
  'second-key-wrote': 'A second operator changed a job.',
  'key-revoked': 'An admin took the role of a key away, and vouched for what it had written.',
  'stolen-key-revoked': 'An admin took the role of a key away, and vouched for nothing.',
  'void-given-up': 'An admin gave up what a revoked key had written.',
  'malice-replay': 'A malicious board said again what it had heard.',
  'malice-forge': 'A malicious board sent what it had heard with a wrong bit.',
  'malice-equivocate': 'A malicious board told two halves of the fleet different things.',
  'malice-usurp': 'A malicious board signed changes of documents that are not its own.',
  'malice-claim-spam': 'A malicious board claimed every slot.',
  'malice-false-capacity': 'A malicious board said that it has more than it has.',
  'malice-forged-actors': 'A malicious board made changes under the actor of another.',
  'malice-false-links': 'A malicious board signed link states that are not so, of itself and of others.',
  'malice-old-epochs': 'A malicious board sent a document of an epoch that was over.',
  'liar-banned': 'A board banned one that meant ill.',
  'ban-over': 'A ban ended.',
  'driver-silent': 'An agent came back while its drivers answered nothing.',
  'driver-E_IMAGE_PULL': 'A driver could not fetch an image.',
  'driver-E_IMAGE_MISSING': 'A driver was asked for an image that is nowhere.',
  'driver-E_PORT_IN_USE': 'A driver found a port in use.',
  'driver-E_CONFIG': 'A driver refused a configuration.',
  'driver-E_DRIVER_DOWN': 'A driver did not answer.',
  'driver-E_START': 'A driver could not start a task.',
} as const

/** May be broken for a while, on a board that can act. */
export type Lasting = keyof typeof eventually
export type Rule = keyof typeof always | Lasting | keyof typeof finals
export type Sight = keyof typeof sometimes

export interface Finding {
  readonly rule: Rule
  readonly what: string
}

export interface Violation {
  readonly rule: Rule
  /** Virtual ms. */
  readonly at: number
  readonly what: string
}

export function sentenceOf(rule: Rule): string {
  return ({ ...always, ...eventually, ...finals } as Readonly<Record<Rule, string>>)[rule]
}
