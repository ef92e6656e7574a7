/**
 * Whatever the tests run in, they and the programs they start see no settings of Standin, no proxy,
 * no wish for colours or against them, and no CI service, for which Node prints without colour.
 */
const MEDDLING =
  /^(STANDIN_.*|CI|CI_.*|GITHUB_.*|TEAMCITY_.*|NO_COLOR|FORCE_COLOR|NODE_DISABLE_COLORS|\w+_proxy)$/i

for (const name of Object.keys(process.env)) {
  if (MEDDLING.test(name)) delete process.env[name]
}
