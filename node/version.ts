// The version that this agent tells its peers; the same as in package.json (a test compares them), so that the bundle needs no file.

export const agentVersion = '0.1.0'
