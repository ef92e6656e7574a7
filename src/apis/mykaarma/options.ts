import { option, text } from '../../core/option.ts'

export const options = {
  proto: option({
    fallback: undefined,
    value: 'FILE',
    help: "a .proto file for protobuf answers, in place of the package's own",
    read: text,
  }),
}
