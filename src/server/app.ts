import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { Guard } from './guard.ts'
import type { Log } from '../core/log.ts'
import { answer } from '../core/request/pipeline.ts'
import { answerPreflight } from './preflight.ts'
import { Problem } from '../core/problem.ts'
import { outside } from './malformed-request.ts'
import { addressOf, type Address, type Sandboxes } from '../sandbox/sandboxes.ts'

export interface Doors {
  /** Where the vendors' APIs are. */
  readonly vendors: readonly string[]
  /** Where the admin API is. */
  readonly own: string
  readonly guard: Guard
  readonly log: Log
}

/** One Express app: finds the sandbox, then its API by the prefix, and is a plain 404 elsewhere. */
export function appFor(sandboxes: Sandboxes, { vendors, own, guard, log }: Doors): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', false)
  const nowhere = new Problem(404, 'route.unknown', 'There is nothing here')
  // What is refused at the door is refused in Standin's words: no vendor knows of it.
  const turnAway = (refusal: Problem, request: Request, response: Response) => {
    const { name, base } = response.locals as Address // set below
    return answer(sandboxes.contextForRejected(name, own), request, response, { base, refusal })
  }
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.locals = addressOf(request)
    const refusal = guard.checkHostAndLoad(request)
    return refusal ? turnAway(refusal, request, response) : next()
  })
  const find = (request: Request, { locals }: Response) =>
    sandboxes.resolve(locals as Address, !guard.isForeign(request)) // set above
  for (const prefix of vendors) {
    app.use(prefix, (request: Request, response: Response) => {
      const objection = guard.fromVendor(request)
      if (objection) return turnAway(objection, request, response)
      const { sandbox, base, refusal } = find(request, response)
      const allowed = guard.preflight(request)
      if (allowed)
        return answerPreflight(sandbox.contextAt(prefix), request, response, { base, allowed })
      const headers = guard.corsHeaders(request)
      return answer(sandbox.contextAt(prefix), request, response, { base, refusal, headers })
    })
  }
  const askOwn = (request: Request, response: Response) => {
    // Node leaves the body out by itself, so that the head is that of a GET.
    if (request.method === 'HEAD' && request.path === '/') request.method = 'GET'
    const objection = guard.fromAdmin(request, request.path)
    if (objection) return turnAway(objection, request, response)
    const { sandbox, base, refusal } = find(request, response)
    return answer(sandbox.contextAt(own), request, response, { base, refusal })
  }
  app.use(own, askOwn)
  app.use((request: Request, response: Response) => {
    const { method, path } = request
    if (path === '/' && (method === 'GET' || method === 'HEAD')) return askOwn(request, response)
    const { sandbox, base, refusal = nowhere } = find(request, response)
    return answer(sandbox.contextAt(own), request, response, { base, refusal })
  })
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    // Only what the pipeline itself fails at comes here.
    log.bug('a request could not be answered', error)
    if (response.headersSent) response.destroy()
    else response.status(500).json(outside(500, 'internal', 'Standin failed; its log says why'))
  })
  return app
}
