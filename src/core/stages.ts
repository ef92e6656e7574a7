/** One stage of a request. */
interface StageRow {
  readonly name: string
  /** The heading of the stage in an explanation. */
  readonly title: string
  /**
   * The name of the stage in a fault's `after`: a fault with `after: auth` fires after the stage
   * `credentials` has passed.
   */
  readonly faultsAfter?: string
  /**
   * Reasons (`Standin-Reason`) that core and the server refuse with at this stage; slices and
   * faults add their own. `internal` can occur at every stage. A test keeps the lists complete.
   */
  readonly reasons: readonly string[]
}

/**
 * The stages of a request, in order. The pipeline runs them, faults fire after them and the
 * explanation reports them. A refused request ends at the stage that it had reached.
 */
export const STAGES = [
  {
    name: 'arrival',
    title: 'Arrival',
    reasons: [
      'http.malformed',
      'headers.too-large',
      'headers.too-slow',
      'connections.too-many',
      'method.not-allowed',
      'host.malformed',
      'host.foreign',
      'origin.foreign',
      'admin.closed',
      'admin.token-missing',
      'admin.token-wrong',
      'sandbox.name',
      'sandbox.unknown',
      'sandbox.busy',
      'sandboxes.too-many',
    ],
  },
  {
    name: 'route',
    title: 'Operation',
    faultsAfter: 'route',
    reasons: ['path.malformed', 'route.unknown', 'method.not-allowed', 'fault.invalid'],
  },
  {
    name: 'credentials',
    title: 'Credentials',
    faultsAfter: 'auth',
    reasons: ['fault.invalid'],
  },
  {
    name: 'accept',
    title: 'Answer format',
    reasons: ['accept.unsupported'],
  },
  {
    name: 'body',
    title: 'Request body',
    reasons: [
      'media.unsupported',
      'encoding.unsupported',
      'charset.unsupported',
      'charset.contradictory',
      'body.too-large',
      'body.too-slow',
      'body.aborted',
      'body.malformed',
      'fault.invalid',
    ],
  },
  {
    name: 'contract',
    title: 'Contract checks',
    reasons: ['body.invalid', 'query.invalid'],
  },
  {
    name: 'strict',
    title: 'Strict profile checks',
    faultsAfter: 'validation',
    reasons: ['body.invalid'],
  },
  {
    name: 'operation',
    title: 'Operation rules',
    reasons: ['sandbox.unknown', 'body.invalid'],
  },
  {
    name: 'saving',
    title: 'State change',
    faultsAfter: 'commit',
    reasons: ['state.write-failed'],
  },
  { name: 'answer', title: 'Answer', reasons: [] },
] as const satisfies readonly StageRow[]

type AnyStage = (typeof STAGES)[number]
export type Stage = AnyStage['name']
/** A stage after which faults can fire, by its name in a fault's `after`. */
export type FaultStage = Extract<AnyStage, { faultsAfter: string }>['faultsAfter']

export const FAULT_STAGES: readonly FaultStage[] = STAGES.flatMap((stage) =>
  'faultsAfter' in stage ? [stage.faultsAfter] : [],
)

/** The stages that the pipeline runs between the arrival of a request and its answer. */
export type ServedStage = Exclude<Stage, 'arrival' | 'answer'>

/** A stage as the pipeline runs it. */
export interface ServedStageRow {
  readonly name: ServedStage
  readonly faultsAfter: FaultStage | undefined
}

const SERVED = STAGES.flatMap((stage): ServedStageRow[] =>
  stage.name === 'arrival' || stage.name === 'answer'
    ? []
    : [{ name: stage.name, faultsAfter: 'faultsAfter' in stage ? stage.faultsAfter : undefined }],
)

/** The order of an API whose credentials are in the body: they are checked once it is read. */
const SERVED_BODY_FIRST = (() => {
  const credentials = SERVED.filter(({ name }) => name === 'credentials')
  return SERVED.flatMap((stage) =>
    stage.name === 'credentials' ? [] : stage.name === 'body' ? [stage, ...credentials] : [stage],
  )
})()

/** Returns the stages of a request to an API, in its order. */
export function stagesOf({
  credentialsIn,
}: {
  readonly credentialsIn: 'header' | 'body' | 'none'
}): readonly ServedStageRow[] {
  return credentialsIn === 'body' ? SERVED_BODY_FIRST : SERVED
}

/**
 * The stages after which faults can fire before the body is read, by the location of the
 * credentials.
 */
const BEFORE_BODY = {
  header: faultStagesBefore(SERVED, 'body'),
  body: faultStagesBefore(SERVED_BODY_FIRST, 'body'),
  none: faultStagesBefore(SERVED, 'body'),
}

/**
 * Returns the stages after which faults can fire before the body of a request to an API is read.
 */
export function faultStagesBeforeBody({
  credentialsIn,
}: {
  readonly credentialsIn: keyof typeof BEFORE_BODY
}): readonly FaultStage[] {
  return BEFORE_BODY[credentialsIn]
}

function faultStagesBefore(
  stages: readonly ServedStageRow[],
  name: ServedStage,
): readonly FaultStage[] {
  const end = stages.findIndex((stage) => stage.name === name)
  return stages.slice(0, end).flatMap(({ faultsAfter }) => faultsAfter ?? [])
}
