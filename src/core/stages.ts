/** One stage of a request. */
interface StageRow {
  readonly name: string
  /** The heading of the stage in an explanation. */
  readonly title: string
  /** The name by which faults wait for this stage: one with `after: auth` fires once it is passed. */
  readonly faultsAfter?: string
}

/**
 * The stages of a request, in order. The pipeline runs them, faults fire after them and the
 * explanation reports them. A request that is refused ends at the stage that it had reached.
 */
export const STAGES = [
  { name: 'arrival', title: 'Arrival' },
  { name: 'route', title: 'Operation', faultsAfter: 'route' },
  { name: 'credentials', title: 'Credentials', faultsAfter: 'auth' },
  { name: 'accept', title: 'Answer format' },
  { name: 'body', title: 'Request body' },
  { name: 'contract', title: 'Contract checks' },
  { name: 'strict', title: 'Strict profile checks', faultsAfter: 'validation' },
  { name: 'operation', title: 'Operation rules' },
  { name: 'saving', title: 'State change', faultsAfter: 'commit' },
  { name: 'answer', title: 'Answer' },
] as const satisfies readonly StageRow[]

type AnyStage = (typeof STAGES)[number]
export type Stage = AnyStage['name']
/** A stage after which faults can fire, by the name that faults have for it. */
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

/** The same, where the credentials are in the body: they are checked once it is read. */
const SERVED_BODY_FIRST = (() => {
  const credentials = SERVED.filter(({ name }) => name === 'credentials')
  return SERVED.flatMap((stage) =>
    stage.name === 'credentials' ? [] : stage.name === 'body' ? [stage, ...credentials] : [stage],
  )
})()

/** The stages that a request to an API runs through, in its order. */
export function stagesOf({
  credentialsIn,
}: {
  readonly credentialsIn: 'header' | 'body' | 'none'
}): readonly ServedStageRow[] {
  return credentialsIn === 'body' ? SERVED_BODY_FIRST : SERVED
}

/** The stages before this one after which faults can fire. */
export function faultStagesBefore(
  stages: readonly ServedStageRow[],
  name: ServedStage,
): readonly FaultStage[] {
  const end = stages.findIndex((stage) => stage.name === name)
  return stages.slice(0, end).flatMap(({ faultsAfter }) => faultsAfter ?? [])
}
