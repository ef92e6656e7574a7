import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { answerAutomaticRequest, isAutomaticRequest } from './browser-requests.ts'
import type { Guard } from './guard.ts'
import { answerAsset, ASSETS } from '../dashboard/dashboard.ts'
import { isBelow } from '../core/http/sandbox-path.ts'
import { problemDocument } from '../core/formats/problem-json.ts'
import type { Log } from '../core/log.ts'
import { answer } from '../core/request/pipeline.ts'
import { answerPreflight } from './preflight.ts'
import { Problem } from '../core/problem.ts'
import { addressOf, type Address } from '../sandbox/address.ts'
import type { Sandboxes } from '../sandbox/sandboxes.ts'

export interface AppOptions {
  /** Path prefixes of the vendors' APIs. */
  readonly vendors: readonly string[]
  /** Path prefix of the admin API. */
  readonly own: string
  readonly guard: Guard
  readonly log: Log
}

/**
 * Creates the Express app. For each request it checks access, resolves the sandbox and passes the
 * request to the API whose prefix matches; other paths are answered with 404.
 */
export function appFor(sandboxes: Sandboxes, { vendors, own, guard, log }: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', false)
  const unknownRoute = new Problem(404, 'route.unknown', 'There is nothing here')
  // Answers a refusal of the guard in the format of the admin API, because no vendor has such a
  // refusal.
  const reject = (refusal: Problem, request: Request, response: Response) => {
    const { name, base } = response.locals as Address // set below
    return answer(sandboxes.contextForRejected(name, own), request, response, { base, refusal })
  }
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.locals = addressOf(request)
    const refusal = guard.checkHostAndLoad(request)
    if (refusal) return reject(refusal, request, response)
    return isAutomaticRequest(request) ? answerAutomaticRequest(response) : next()
  })
  const resolve = (request: Request, { locals }: Response) =>
    sandboxes.resolve(locals as Address, !guard.isForeign(request)) // set above
  for (const prefix of vendors) {
    app.use(prefix, (request: Request, response: Response) => {
      const forbidden = guard.checkVendor(request)
      if (forbidden) return reject(forbidden, request, response)
      const { sandbox, base, refusal } = resolve(request, response)
      const context = sandbox.contextAt(prefix)
      const allowed = guard.preflight(request)
      if (allowed) return answerPreflight(context, request, response, { base, allowed })
      const headers = guard.corsHeaders(request)
      return answer(context, request, response, { base, refusal, headers })
    })
  }
  // Registered before the token check: the dashboard's assets are public, and its page asks for the
  // token.
  app.use(`${own}${ASSETS}`, async (request: Request, response: Response, next: NextFunction) => {
    if (!(await answerAsset(request.path, request, response))) next()
  })
  const answerAdmin = (request: Request, response: Response) => {
    const forbidden = guard.checkAdmin(request, request.path)
    if (forbidden) return reject(forbidden, request, response)
    const { sandbox, base, refusal } = resolve(request, response)
    return answer(sandbox.contextAt(own), request, response, { base, refusal })
  }
  app.use(own, (request: Request, response: Response, next: NextFunction) =>
    isBelow(request.originalUrl, own) ? answerAdmin(request, response) : next(),
  )
  app.use((request: Request, response: Response) => {
    const { method, path } = request
    if (path === '/' && (method === 'GET' || method === 'HEAD'))
      return answerAdmin(request, response)
    const { sandbox, base, refusal = unknownRoute } = resolve(request, response)
    return answer(sandbox.contextAt(own), request, response, { base, refusal })
  })
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    // Reached only by errors of the pipeline itself.
    log.bug('a request could not be answered', error)
    if (response.headersSent) {
      response.destroy()
      return
    }
    const problem = new Problem(500, 'internal', 'Standin failed; its log says why')
    response.status(500).json(problemDocument(problem))
  })
  return app
}
