// Who may import whom: DESIGN's section 11 as data. Each rule says what to do instead. `scripts/check-deps.mjs` runs them and
// fails when fewer modules were read than there are sources: a checker that reads nothing finds nothing.
// test/tidy/import-rules.test.ts plants a violation of each rule and expects it to be found.

const pure = '^(crdt|scheduler|node/core)/'
const product = '^(crdt|scheduler|node|cli|simulator)/'

const rules = {
  'no-circular': {
    comment: 'Two modules that need one another are one module, or need a third. (Types may refer to one another.)',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  'pure-no-node': {
    comment: 'The pure folders have no clock, randomness or I/O. Put what needs them into an adapter behind a port of node/core/ports.ts.',
    from: { path: pure },
    to: { dependencyTypes: ['core'] },
  },
  'automerge-only-in-replica': {
    comment: 'Everybody else sees plain registers: go through crdt/replica.ts.',
    from: { pathNot: '^crdt/replica[^/]*\\.ts$|^(bench|test)/' },
    to: { path: 'node_modules/@automerge/' },
  },
  'patterns-only-in-pattern': {
    comment: 'One file knows the engine of regular expressions: go through crdt/pattern.ts, which bounds what a pattern may cost.',
    from: { pathNot: '^crdt/pattern\\.ts$' },
    to: { path: 'node_modules/re2js/' },
  },
  'crons-only-in-cron': {
    comment: 'One file knows the library of cron patterns: go through crdt/cron.ts, which keeps clocks and zones out of it.',
    from: { pathNot: '^crdt/cron\\.ts$' },
    to: { path: 'node_modules/croner/' },
  },
  'crdt-alone': {
    comment:
      'crdt imports Automerge, RE2 (patterns) and croner (cron), and nothing else; hash and signature are injected (crdt/crypto.ts).',
    from: { path: '^crdt/' },
    to: { pathNot: ['^crdt/', 'node_modules/(@automerge|re2js|croner)/'], dependencyTypesNot: ['core'] },
  },
  'scheduler-sees-the-view': {
    comment:
      'The scheduler reads plain data: view, spec, ids, errors, versions, patterns, due times, and what differs between two versions of a map.',
    from: { path: '^scheduler/' },
    to: {
      pathNot: ['^scheduler/', '^crdt/(view|spec|ids|errors|layered-map|version|pattern|cron|civil-time|run-name|devices)\\.ts$'],
      dependencyTypesNot: ['core'],
    },
  },
  'core-imports': {
    comment: 'The core knows crdt and scheduler. What it wants from the world is a port (node/core/ports.ts), an event or an effect.',
    from: { path: '^node/core/' },
    to: { pathNot: ['^node/core/', '^crdt/', '^scheduler/'], dependencyTypesNot: ['core'] },
  },
  'adapters-apart': {
    comment: 'An adapter implements a port. What two of them need goes into node/core/ports.ts or node/adapters/task/.',
    from: { path: '^node/adapters/(?!exec/)([^/]+)/' },
    to: { path: '^node/adapters/', pathNot: ['^node/adapters/$1/', '^node/adapters/task/', '^node/adapters/(key(s|-pair)|tar)\\.ts$'] },
  },
  'exec-is-raw-exec-in-a-cage': {
    comment: 'The exec driver is built on raw_exec, which knows nothing of it but the shape of a cage (raw-exec/kind.ts).',
    from: { path: '^node/adapters/exec/' },
    to: { path: '^node/adapters/', pathNot: ['^node/adapters/(raw-)?exec/', '^node/adapters/task/'] },
  },
  'adapters-flat-apart': {
    comment: 'The small adapters stand alone, too: they never reach into the folder of another one.',
    from: { path: '^node/adapters/[^/]+\\.ts$' },
    to: { path: '^node/adapters/[^/]+/' },
  },
  'adapters-see-ports': {
    comment:
      'Adapters know the ports of the core, its token buckets, whom to dial, crdt’s plain types, and how addresses compare; never rules, documents, the scheduler or the wiring.',
    from: { path: '^node/adapters/' },
    to: {
      path: [
        '^(scheduler|cli|simulator)/',
        '^node/[^/]+\\.ts$',
        '^node/core/(?!(ports|config-types|bucket|rates)\\.ts|dialling/)',
        '^crdt/(?!(ids|errors|crypto|view|spec|devices|api-(types|nodes|jobs)|base64|bootstrap-addresses|limits)\\.ts)',
      ],
      pathNot: '^node/polyfill\\.ts$',
    },
  },
  'node-outside-cli': {
    comment: 'The agent runs without the CLI and without the simulator.',
    from: { path: '^node/' },
    to: { path: '^(cli|simulator)/' },
  },
  'cli-outside-node': {
    comment:
      'The CLI talks to the API. Of node/ it may use keys, files of secrets, archives, the API client, and main.ts for `shoal agent` (docs/adr/0004); of simulator/, scenarios and the search (docs/adr/0011).',
    from: { path: '^cli/' },
    to: {
      path: '^(node|scheduler|simulator)/',
      pathNot:
        '^node/(adapters/(keys|key-pair|key-file|secret-file|tar)\\.ts|adapters/libp2p/client\\.ts|main\\.ts|config\\.ts|polyfill\\.ts)$|^simulator/(scenario/|chaos/search\\.ts)',
    },
  },
  'simulator-no-adapters': {
    comment: 'The simulator has its own clock, network, disk and drivers. Only its own entry points (…main.ts) may touch Node.',
    from: { path: '^simulator/', pathNot: 'main\\.ts$' },
    to: { path: ['^node/(?!core/)', '^cli/', 'node_modules/(@libp2p|libp2p|dockerode|classic-level)'] },
  },
  'simulator-no-io': {
    comment: 'The simulator is a function of its seed: files and arguments belong into its entry points (…main.ts).',
    from: { path: '^simulator/', pathNot: 'main\\.ts$' },
    to: { dependencyTypes: ['core'] },
  },
  'nothing-imports-test': {
    comment: 'Tests and benches import the product, never the other way round.',
    from: { path: `${product}|^scripts/` },
    to: { path: '^(test|bench)/' },
  },
  'no-dev-dependencies': {
    comment: 'The product runs without development packages, and names each package that it imports in package.json.',
    from: { path: product },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  },
  'no-undeclared-types': {
    comment: 'Also a package whose types alone are used is named in package.json: its version decides what compiles.',
    from: { path: product },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  'no-unresolvable': {
    comment: 'An import that leads nowhere.',
    from: {},
    to: { couldNotResolve: true },
  },
}

export default {
  forbidden: Object.entries(rules).map(([name, rule]) => ({ name, severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'module-sync', 'node', 'types', 'default'] },
  },
}
