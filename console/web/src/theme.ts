import { createTheme, type CSSVariablesResolver } from "@mantine/core";

const mono = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

export const theme = createTheme({
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
  fontFamilyMonospace: mono,
  primaryColor: "blue",
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
});

/** Mantine's own greys and reds are too faint for WCAG AA. */
export const cssVariables: CSSVariablesResolver = (t) => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": t.colors.gray[7],
    "--mantine-color-placeholder": t.colors.gray[7],
    "--mantine-color-error": t.colors.red[9],
    "--mantine-color-anchor": t.colors.blue[9],
  },
  dark: {
    "--mantine-color-dimmed": t.colors.dark[1],
    "--mantine-color-placeholder": t.colors.dark[1],
    "--mantine-color-error": t.colors.red[4],
    "--mantine-color-anchor": t.colors.blue[3],
  },
});
