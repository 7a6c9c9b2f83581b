package supergraph

import (
	"errors"
	"os"
	"testing"
)

func TestFaults(t *testing.T) {
	fs := Faults{
		{File: "rover.yaml", Line: 3, Message: "unknown key \"x\"", Mend: "leave it out"},
		{File: "rover.yaml", Message: "missing supergraph config", Cause: os.ErrNotExist},
	}
	want := "rover.yaml:3: unknown key \"x\" (leave it out)\nrover.yaml: missing supergraph config"
	if got := fs.Error(); got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if !errors.Is(fs, os.ErrNotExist) {
		t.Error("errors.Is does not see a cause")
	}
	if err := (Faults{}).err(); err != nil {
		t.Errorf("no faults: err() = %v, want nil", err)
	}
}
