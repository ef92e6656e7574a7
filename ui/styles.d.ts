/** The build joins all style sheets that modules import. */
declare module '*.css'
