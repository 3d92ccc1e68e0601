// `node --import ./scripts/typescript.mjs FILE.ts`: by Node itself where it reads TypeScript (22.18 and later), else by tsx. What runs for
// hours is quicker without: tsx has every inner function named at run time.

if (process.features.typescript !== 'strip') await import('tsx')
