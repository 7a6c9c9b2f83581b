package metadata_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/metadata"
)

func TestFaultString(t *testing.T) {
	at := metadata.Pos{File: "actions.yaml", Line: 3, Column: 5}
	tests := []struct {
		name  string
		fault metadata.Fault
		want  string
	}{
		{"full", metadata.Fault{Pos: at, Item: `action "a"`, Message: "m", Hint: "h"}, `actions.yaml:3: action "a": m (h)`},
		{"warning", metadata.Fault{Pos: at, Severity: metadata.Warning, Item: "x", Message: "m"}, "actions.yaml:3: warning: x: m"},
		{"file alone", metadata.Fault{Pos: metadata.Pos{File: "f"}, Message: "m"}, "f: m"},
		{"message alone", metadata.Fault{Message: "m"}, "m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.fault.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFaultsErr(t *testing.T) {
	warning := metadata.Fault{Severity: metadata.Warning, Message: "w"}
	failure := metadata.Fault{Message: "e"}
	if err := (metadata.Faults{warning}).Err(); err != nil {
		t.Errorf("warnings alone: got %v, want nil", err)
	}
	err := metadata.Faults{failure, warning, failure}.Err()
	if err == nil || err.Error() != "e\ne" {
		t.Errorf("got %v, want the two errors", err)
	}
	if diff := cmp.Diff(metadata.Faults{warning}, (metadata.Faults{failure, warning}).Of(metadata.Warning)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}
