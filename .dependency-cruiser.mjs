// Who may import whom (DESIGN section 11, as data). Each rule says what to do instead. `scripts/check-deps.mjs` runs this and
// fails when fewer modules were read than there are source files: a cruiser that reads nothing finds nothing.
const pureRule = 'The pure folders have no clock, randomness or I/O. Put what needs them into an adapter behind a port of node/core/ports.ts.'

export default {
  forbidden: [
    { name: 'no-circular', comment: 'Two modules that need one another are one module, or need a third.', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'pure-no-node', comment: pureRule, severity: 'error', from: { path: '^(crdt|scheduler|node/core)/' }, to: { dependencyTypes: ['core'] } },
    { name: 'automerge-only-in-crdt', comment: 'Everybody else sees plain registers: go through crdt/replica.ts.', severity: 'error', from: { pathNot: '^(crdt|bench|test)/' }, to: { path: 'node_modules/@automerge' } },
    { name: 'crdt-alone', comment: 'crdt imports Automerge and nothing else; hash and signature are injected (crdt/crypto.ts).', severity: 'error', from: { path: '^crdt/' }, to: { pathNot: ['^crdt/', 'node_modules/@automerge/'] } },
    { name: 'scheduler-sees-the-view', comment: 'The scheduler reads plain data: view, spec, ids, errors.', severity: 'error', from: { path: '^scheduler/' }, to: { pathNot: ['^scheduler/', '^crdt/(view|spec|ids|errors)\\.ts$'] } },
    { name: 'core-pure', comment: pureRule, severity: 'error', from: { path: '^node/core/' }, to: { pathNot: ['^node/core/', '^crdt/', '^scheduler/'] } },
    { name: 'adapters-apart', comment: 'An adapter implements a port. What two of them need belongs into node/core/ports.ts or a file of its own beside them.', severity: 'error', from: { path: '^node/adapters/([^/]+)/' }, to: { path: '^node/adapters/[^/]+/', pathNot: ['^node/adapters/$1/', '^node/adapters/task/'] } },
    { name: 'adapters-see-ports', comment: 'Adapters know core ports and types, never its rules, the scheduler or the wiring.', severity: 'error', from: { path: '^node/adapters/' }, to: { path: ['^scheduler/', '^cli/', '^simulator/', '^node/[^/]+\\.ts$', '^node/core/(?!ports\\.ts|config-types\\.ts)'], pathNot: '^node/polyfill\\.ts$' } },
    { name: 'cli-outside-node', comment: 'The CLI talks to the API. Of node/ it may use the key file, the API client, and main.ts for `shoal agent` (docs/adr/0004).', severity: 'error', from: { path: '^cli/' }, to: { path: '^(node|scheduler|simulator)/', pathNot: '^node/(adapters/(keys|key-pair|key-file)\\.ts|adapters/libp2p/client\\.ts|main\\.ts|config\\.ts|polyfill\\.ts)$' } },
    { name: 'simulator-no-adapters', comment: 'The simulator has its own clock, network, disk and drivers.', severity: 'error', from: { path: '^simulator/' }, to: { path: ['^node/adapters/', '^cli/', 'node_modules/(@libp2p|libp2p|dockerode)'] } },
    { name: 'nothing-imports-test', comment: 'Tests import the product, never the other way round.', severity: 'error', from: { path: '^(crdt|scheduler|node|cli|simulator|scripts)/' }, to: { path: '^(test|bench)/' } },
    { name: 'no-dev-dependencies', comment: 'The product runs without development packages.', severity: 'error', from: { path: '^(crdt|scheduler|node|cli|simulator)/' }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] } },
    { name: 'no-unresolvable', comment: 'An import that leads nowhere.', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'module-sync', 'node', 'types', 'default'] },
  },
}
