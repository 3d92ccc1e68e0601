// Bounds of a job file. A file is read by the operator's own machine, so these protect against mistakes (a video given by
// accident) and against files from strangers (alias bombs, bottomless nesting), not against load.

export const jobFileLimits = {
  /** A job of 20 groups with long environments is about 40 kB; the document itself may not be much larger. */
  fileBytesMax: 262_144,
  /** Nodes after aliases are expanded: 250 kB of plain YAML holds fewer; an alias bomb passes it at once. */
  nodesMax: 50_000,
  /** The deepest path of a job file has 7 levels. */
  depthMax: 24,
  /** Of brackets and indents, before the parser's recursion meets them; more than `depthMax`, whose faults name the path. */
  parsedDepthMax: 100,
  /** Each document keeps them in one register, which takes 8 kB; more pools than this are named with *. */
  poolPatternsMax: 64,
  /** After so many faults nobody reads on; the rest is counted. */
  faultsShownMax: 50,
} as const
