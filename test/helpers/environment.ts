import * as fc from 'fast-check'
import { IS_LONG } from './repetitions.ts'

/**
 * Variables that are removed from the environment of the tests and of the programs that they start:
 * settings of Standin, proxies, colour settings, and CI services, for which Node prints no colour.
 */
const REMOVED =
  /^(STANDIN_.*|CI|CI_.*|GITHUB_.*|TEAMCITY_.*|NO_COLOR|FORCE_COLOR|NODE_DISABLE_COLORS|\w+_proxy)$/i

for (const name of Object.keys(process.env)) {
  if (REMOVED.test(name)) delete process.env[name]
}

// The suite has the same examples in each run, so that it finds only what a change broke. The long
// run has others each time; a failure prints its seed.
if (!IS_LONG) fc.configureGlobal({ seed: 20_260_115 })
