// The place of the live page. What it does is in `site/live/`, which only a browser can run.
import { defineComponent, h, onMounted, ref } from 'vue'

/** @type {Record<string, () => Promise<unknown>>} */
const modules = import.meta.glob('../../live/index.{ts,mjs}')

export const LivePage = defineComponent(() => {
  const place = ref()
  onMounted(async () => {
    for (const load of Object.values(modules)) {
      const { mountLive } = /** @type {{ mountLive: (element: HTMLElement) => void }} */ (
        await load()
      )
      mountLive(place.value)
    }
  })
  return () => h('div', { ref: place })
})
