package localstack

import "testing"

// TestDevKilled: even where Joinery has no time to stop anything, nothing outlives it.
func TestDevKilled(t *testing.T) {
	t.Parallel()
	d := startDev(t, nil, "--no-jaeger", exampleWith(t, hodorAnswer))
	d.waitUp(t)
	if err := d.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	d.wait(t)
	d.wantEmptied(t)
}
