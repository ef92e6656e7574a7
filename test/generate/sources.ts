import { VENDORS } from '../../src/apis/index.ts'
import { clientRoutes } from './client-routes.ts'
import { contractTypes } from './contract-types.ts'

const ADMIN_SPEC = 'specs/standin.yaml'

/** The generated source files, and the function that makes the text of each. */
export const GENERATED_SOURCES: Readonly<Record<string, () => Promise<string>>> = {
  ...Object.fromEntries(
    VENDORS.map(({ name, spec }) => [
      `src/apis/${name}/contract.gen.ts`,
      () => contractTypes(`specs/${spec}`),
    ]),
  ),
  'src/admin/contract.gen.ts': () => contractTypes(ADMIN_SPEC),
  'src/client/routes.gen.ts': () => clientRoutes(ADMIN_SPEC),
}
