/**
 * Variables that Docker and Kubernetes set for a service named `standin` or `standin-…`. The part
 * between the prefix and `SERVICE` is the rest of the service's name: `STANDIN_API_SERVICE_HOST`.
 */
const SERVICE = /^STANDIN_(\w+_)?SERVICE_(HOST|PORT(_\w+)?)$/
const PORT = /^STANDIN_(\w+_)?PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO)|(_PORT)?_(START|END))?$/
const ADDRESS = /^(tcp|udp|sctp):\/\//

/** The name of a linked container, as Docker writes it: `/job/standin`. */
const CONTAINER = /^\/[\w.-]+\/[\w.-]+$/

/**
 * Recognizes a variable of a container link or of a Kubernetes service. A container's own
 * environment follows its name: STANDIN_NAME and then STANDIN_ENV_NODE_VERSION and so on.
 */
export function isLinkVariable(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const value = env[name] ?? ''
  if (SERVICE.test(name) || PORT.test(name)) return true
  if (/^STANDIN_(\w+_)?PORT$/.test(name)) return ADDRESS.test(value)
  if (/^STANDIN_(\w+_)?NAME$/.test(name)) return CONTAINER.test(value)
  // Docker sets these variables together with STANDIN_NAME, but a CI runner may pass on only some
  // of them.
  if (name.startsWith('STANDIN_ENV_')) return true
  const [, link] = /^(STANDIN_\w+?_)ENV_/.exec(name) ?? []
  return link !== undefined && CONTAINER.test(env[`${link}NAME`] ?? '')
}
