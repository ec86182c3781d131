// The default theme with the fonts of the system, so that no font is downloaded.
import theme from 'vitepress/theme-without-fonts'
import { LivePage } from './live-page.mjs'

/** @type {import('vitepress').Theme} */
const own = {
  extends: theme,
  enhanceApp: ({ app }) => {
    app.component('LivePage', LivePage)
  },
}

export default own
