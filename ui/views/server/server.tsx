import { useEffect, useState } from 'preact/hooks'
import type { Limits, Readiness } from '../../../src/admin/contract.gen.ts'
import { callAdmin } from '../../api/client.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Plain } from '../../parts/plain.tsx'
import { messageOf } from '../../state/actions.ts'
import { overview, refreshCount } from '../../state/overview.ts'
import { Chart } from './chart.tsx'
import { INTERVAL, MAX_SAMPLES, ratesOf, samples, takeSample, type Sample } from './samples.ts'
import './server.css'

/** The process, its counters over time and its limits. */
export function Server() {
  const [limits, setLimits] = useState<Limits['limits']>([])
  const [ready, setReady] = useState<Readiness>()
  const [problem, setProblem] = useState('')
  const fail = (error: unknown) => setProblem(messageOf(error))
  useEffect(() => {
    const load = async () => {
      const [found, readiness] = await Promise.all([
        callAdmin({ operation: 'getLimits' }),
        callAdmin({ operation: 'getReady' }),
      ])
      setLimits(found.limits)
      setReady(readiness)
      setProblem('')
    }
    load().catch(fail)
  }, [refreshCount.value])
  useEffect(() => {
    let creates: ReadonlySet<string> | undefined
    let isBusy = false
    const sample = async () => {
      if (document.hidden || isBusy) return
      isBusy = true
      try {
        creates ??= new Set(
          (await callAdmin({ operation: 'getExamples' })).calls.map(
            ({ api, operation }) => `${api} ${operation}`,
          ),
        )
        await takeSample(creates)
      } catch (error) {
        fail(error)
      } finally {
        isBusy = false
      }
    }
    void sample()
    const timer = setInterval(() => void sample(), INTERVAL)
    return () => clearInterval(timer)
  }, [])
  const all = samples.value
  const last = all.at(-1)
  return (
    <main class="server-view" tabIndex={0}>
      <h1>Server</h1>
      {problem && <p class="problem">{problem}</p>}
      <Facts ready={ready} last={last} />
      <div class="charts">
        <Chart
          title="Requests"
          unit="per second, by status"
          slots={MAX_SAMPLES - 1}
          span="3 min"
          series={[
            { title: '2xx', tone: 'ok', values: ratesOf(all, requestsOf('12')) },
            { title: '3xx, 4xx', tone: 'warn', values: ratesOf(all, requestsOf('34')) },
            { title: '5xx, none', tone: 'bad', values: ratesOf(all, requestsOf('50')) },
          ]}
        />
        <Chart
          title="Creates"
          unit="users per second"
          slots={MAX_SAMPLES - 1}
          span="3 min"
          series={[
            { title: 'created', tone: 'accent', values: ratesOf(all, ({ creates }) => creates) },
          ]}
        />
        <Chart
          title="Deliveries"
          unit="webhooks that are kept, by state"
          slots={MAX_SAMPLES - 1}
          span="3 min"
          series={[
            { title: 'delivered', tone: 'ok', values: deliveriesOf(all, ['delivered']) },
            { title: 'pending', tone: 'second', values: deliveriesOf(all, ['pending']) },
            { title: 'failed', tone: 'bad', values: deliveriesOf(all, ['failed', 'dropped']) },
          ]}
        />
      </div>
      <p class="quiet chart-note">
        The charts fill while this page is open. They count all sandboxes, and no call of the admin
        API.
      </p>
      <section class="box limits" aria-label="Limits">
        <h2>Limits</h2>
        <ul>
          {limits.map((limit) => (
            <Meter key={limit.name} {...limit} />
          ))}
        </ul>
      </section>
    </main>
  )
}

const requestsOf =
  (digits: string) =>
  ({ requests }: Sample): number =>
    [...digits].reduce((sum, digit) => sum + (requests[digit] ?? 0), 0)

function deliveriesOf(all: readonly Sample[], states: readonly string[]): number[] {
  return all
    .slice(1)
    .map(({ deliveries }) => states.reduce((sum, state) => sum + (deliveries[state] ?? 0), 0))
}

function Facts({
  ready,
  last,
}: {
  readonly ready: Readiness | undefined
  readonly last: Sample | undefined
}) {
  const front = overview.value?.front
  const folder = front?.process?.folder
  const total = last ? Object.values(last.requests).reduce((sum, one) => sum + one, 0) : 0
  return (
    <dl class="facts">
      <div>
        <dt>Version</dt>
        <dd>{front ? `Standin ${front.version}` : '…'}</dd>
      </div>
      <div>
        <dt>Process</dt>
        <dd>
          {front?.process ? `${front.process.pid}, ` : ''}
          {last ? `up ${durationText(last.at - last.startedAt)}, ${bytesText(last.memory)}` : '…'}
        </dd>
      </div>
      <div>
        <dt>Requests</dt>
        <dd>
          {last
            ? `${total.toLocaleString('en')}, ${last.faultsFired.toLocaleString('en')} met a fault`
            : '…'}
        </dd>
      </div>
      <div>
        <dt>Disk</dt>
        <dd class={ready?.store === 'failing' ? 'problem' : ''}>
          {ready === undefined ? '…' : ready.store === 'ok' ? 'writes succeed' : 'writes fail'}
        </dd>
      </div>
      <div class="wide">
        <dt>State</dt>
        <dd>
          {folder === undefined ? (
            front?.process ? (
              'in memory; it is lost when the server stops'
            ) : (
              'shown on the machine of the server only'
            )
          ) : (
            <>
              <code>
                <Plain text={folder} max={400} />
              </code>{' '}
              <CopyButton text={folder} class="link" />
            </>
          )}
        </dd>
      </div>
    </dl>
  )
}

const WIDTH = 200

function Meter({ text, used, limit, unit, of, beyond }: Limits['limits'][number]) {
  const share = limit === 0 ? 0 : Math.min(1, used / limit)
  const tone =
    share >= 1 ? (beyond === 'refused' ? 'bad' : 'warn') : share > 0.8 ? 'warn' : 'accent'
  const count = (value: number) =>
    unit === 'bytes' ? bytesText(value) : value.toLocaleString('en')
  const effect = beyond === 'refused' ? 'further ones are refused' : 'the oldest are removed'
  return (
    <li>
      <span class="meter-name">
        {text.slice(0, 1).toUpperCase() + text.slice(1)}
        <span class="quiet small">
          {of === 'server' ? 'of the server; ' : ''}beyond it, {effect}
        </span>
      </span>
      <svg class="meter" viewBox={`0 0 ${WIDTH} 8`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width={WIDTH} height="8" rx="2" />
        {used > 0 && (
          <rect class={tone} width={Math.max(2, share * WIDTH).toFixed(1)} height="8" rx="2" />
        )}
      </svg>
      <span class="meter-value">
        <b>{count(used)}</b> of {count(limit)}
      </span>
    </li>
  )
}

function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'] as const
  const at = bytes < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** at
  return `${value < 10 && at > 0 ? value.toFixed(1) : Math.round(value)} ${units[at]}`
}

function durationText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.max(0, Math.floor(ms / 1000))} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}
