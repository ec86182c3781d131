// The component of the live page. What it loads is only loaded with that page, and only in the browser.
import { defineComponent, h, onBeforeUnmount, onMounted, shallowRef } from 'vue'

/**
 * Whether the document was loaded as this page, and not as another one that the reader came from. The policy of the
 * document stays that of the page which was loaded, and only the one of this page allows requests to issuers.
 */
function isLoadedHere() {
  const [entry] = performance.getEntriesByType('navigation')
  return entry === undefined || pathOf(entry.name) === pathOf(location.href)
}

/** Some hosts serve pages without the extension, and VitePress adds it to the address afterwards. @type {(url: string) => string} */
const pathOf = (url) => new URL(url).pathname.replace(/\.html$/, '')

export const LivePage = defineComponent({
  setup() {
    /** @type {import('vue').ShallowRef<HTMLElement | undefined>} */
    const element = shallowRef()
    const stop = new AbortController()
    onMounted(async () => {
      if (!isLoadedHere()) {
        location.reload()
        return
      }
      const [{ mountLive }] = await Promise.all([
        import('../../live/index.ts'),
        import('../../live/live.css'),
      ])
      if (stop.signal.aborted || !element.value) return
      stop.signal.addEventListener('abort', mountLive(element.value))
    })
    onBeforeUnmount(() => stop.abort())
    return () => h('div', { class: 'live-page', ref: element }, 'This page needs JavaScript.')
  },
})
