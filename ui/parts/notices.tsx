import { dismiss, notices } from '../state/actions.ts'
import { CallCode } from './call-code.tsx'
import { Icon } from './icon.tsx'
import { Plain } from './plain.tsx'

/** Messages about the user's actions, each with the call that was made. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, tone, text, call, button }) => (
        <div class={`notice ${tone}`} key={id}>
          <div class="notice-head">
            <p>
              <Plain text={text} max={300} />
            </p>
            <button type="button" class="bare" aria-label="Dismiss" onClick={() => dismiss(id)}>
              <Icon name="close" />
            </button>
          </div>
          {button && (
            <button
              type="button"
              class="button notice-button"
              onClick={() => {
                dismiss(id)
                button.run()
              }}
            >
              {button.label}
            </button>
          )}
          <details>
            <summary>Show the call</summary>
            <CallCode call={call} />
          </details>
        </div>
      ))}
    </div>
  )
}
