import type { ReportCard } from '../admin/contract.gen.ts'
import { API_NAMES } from '../apis/index.ts'
import { reportCardText } from '../core/report-card/text.ts'
import { listed } from '../core/words.ts'
import { Client, CLIENT_FLAGS } from './client.ts'
import type { Command } from './command.ts'

export const reportCard: Command = {
  name: 'report-card',
  help: 'Grade a client and a webhook receiver by what a running server has recorded',
  flags: [
    { name: 'api', value: 'NAME', help: `grade one API only: ${listed(API_NAMES, 'or')}` },
    { name: 'json', help: 'print JSON instead of text' },
    { name: 'fail', help: 'exit with code 1 if a check failed' },
    ...CLIENT_FLAGS,
  ],
  async run(config, flags) {
    const client = new Client(config, flags)
    const query = flags['api'] === undefined ? {} : { api: flags['api'] }
    const card = (await client.request('GET', '/report-card', { query })) as ReportCard // by the contract
    if (flags['json'] === undefined) process.stdout.write(reportCardText(card))
    else console.log(JSON.stringify(card, null, 2))
    if (flags['fail'] !== undefined && card.failed > 0) process.exitCode = 1
  },
}
