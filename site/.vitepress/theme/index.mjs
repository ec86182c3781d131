// The default theme with the fonts of the system, so that no font is downloaded.
import theme from 'vitepress/theme-without-fonts'
import { LivePage } from './live.mjs'
import './style.css'

export default {
  extends: theme,
  /** @param {import('vitepress').EnhanceAppContext} context */
  enhanceApp: ({ app }) => void app.component('LivePage', LivePage),
}
