// The version of this program; the same number as in package.json (a test compares them), so that the bundle needs no file.

export const version = '0.1.0'
