import type { Task } from '../core/api.ts'
import { text as plainText } from '../core/formats/text.ts'
import { secretsIn } from '../core/request-log/redact.ts'
import { inSlices, Slices } from '../core/slices.ts'
import type { Delivery } from '../core/webhooks/delivery.ts'
import type { ReportCard } from './contract.gen.ts'
import { wantsText } from './explain.ts'
import type { SandboxPort } from './ports.ts'

/** Handler of `/report-card`, which grades the client and the webhook receiver. */
export function reportCardTasks(sandbox: SandboxPort): Record<'getReportCard', Task> {
  return {
    getReportCard: async (call) => {
      // Loaded at first use, as few runs of the server need it.
      const { reportCardSteps } = await import('../core/report-card/report-card.ts')
      const { requests, webhooks, vendors, clock, secrets } = sandbox
      const slices = new Slices(call.signal)
      const entries = [...requests.after()]
      const { section } = requests
      const deliveries: Delivery[] = []
      for await (const delivery of inSlices(webhooks.deliveries, slices)) deliveries.push(delivery)
      const steps = reportCardSteps({
        vendors,
        api: call.query.get('api') ?? undefined,
        entries,
        deliveries,
        subscriptions: webhooks.subscriptions,
        webhooks: webhooks.defaults,
        clock,
        section,
        secretNames: secrets.names,
        secrets: new Map(
          Object.entries(sandbox.credentials).map(([api, credential]) => [
            api,
            secretsIn(credential, secrets.names),
          ]),
        ),
      })
      const card = await slices.run(steps)
      if (!wantsText(call)) {
        const checks = card.checks.map((check) => ({
          ...check,
          requests: [...check.requests],
          deliveries: [...check.deliveries],
        }))
        const body: ReportCard = { ...card, checks }
        return { status: 200, body }
      }
      const { reportCardText } = await import('../core/report-card/text.ts')
      call.answerType = plainText.mediaType
      return { status: 200, body: reportCardText(card) }
    },
  }
}
