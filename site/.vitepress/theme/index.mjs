// The default theme with the fonts of the system, so that no font is downloaded.
export { default } from 'vitepress/theme-without-fonts'
