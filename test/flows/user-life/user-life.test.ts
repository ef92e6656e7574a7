import { test } from 'vitest'
import { LONG } from '../../helpers/time.ts'
import { cryptlexLife } from './cryptlex.ts'
import { formsonfireLife } from './formsonfire.ts'
import { CALLS, compareLife } from './life.ts'
import { mykaarmaLife } from './mykaarma.ts'

test(`${CALLS} random calls on myKaarma's users answer as a plain model does`, LONG, () =>
  compareLife(mykaarmaLife),
)

test(`${CALLS} random calls on Cryptlex' users answer as a plain model does`, LONG, () =>
  compareLife(cryptlexLife),
)

test(
  `${CALLS} random calls on Forms On Fire's users, in JSON and XML, answer as a plain model does`,
  LONG,
  () => compareLife(formsonfireLife),
)
