// The component of the live page. What it loads is only loaded with that page, and only in the browser.
import { defineComponent, h, onBeforeUnmount, onMounted, shallowRef } from 'vue'

export const LivePage = defineComponent({
  setup() {
    /** @type {import('vue').ShallowRef<HTMLElement | undefined>} */
    const element = shallowRef()
    const stop = new AbortController()
    onMounted(async () => {
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
