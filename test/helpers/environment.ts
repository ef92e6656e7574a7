/**
 * Variables that are removed from the environment of the tests and of the programs that they start:
 * settings of Standin, proxies, colour settings, and CI services, for which Node prints no colour.
 */
const REMOVED =
  /^(STANDIN_.*|CI|CI_.*|GITHUB_.*|TEAMCITY_.*|NO_COLOR|FORCE_COLOR|NODE_DISABLE_COLORS|\w+_proxy)$/i

for (const name of Object.keys(process.env)) {
  if (REMOVED.test(name)) delete process.env[name]
}
