import { clientRoutes } from './client-routes.ts'
import { contractTypes } from './contract-types.ts'

const ADMIN_SPEC = 'specs/standin.yaml'

/** The generated source files, and the function that makes the text of each. */
export const GENERATED_SOURCES: Readonly<Record<string, () => Promise<string>>> = {
  'src/apis/mykaarma/contract.gen.ts': () => contractTypes('specs/mykaarma.yaml'),
  'src/apis/cryptlex/contract.gen.ts': () => contractTypes('specs/cryptlex.yaml'),
  'src/apis/formsonfire/contract.gen.ts': () => contractTypes('specs/formsonfire.yaml'),
  'src/admin/contract.gen.ts': () => contractTypes(ADMIN_SPEC),
  'src/client/routes.gen.ts': () => clientRoutes(ADMIN_SPEC),
}
