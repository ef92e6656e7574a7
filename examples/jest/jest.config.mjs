// The package is an ES module, which Jest loads with NODE_OPTIONS=--experimental-vm-modules.
export default { testMatch: ['**/*.test.mjs'], transform: {} }
