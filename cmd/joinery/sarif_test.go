package main

import (
	"bytes"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/joinery-graphql/joinery/metadata"
)

// TestSARIF holds what is written to the published schema of SARIF 2.1.0, which go-sarif has.
func TestSARIF(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]metadata.Faults{
		"none": nil,
		"of all kinds": {
			{Pos: metadata.Pos{File: "meta data/actions.yaml", Line: 3, Column: 5}, Item: `action "a"`, Message: "unknown", Hint: "a mend"},
			{Pos: metadata.Pos{File: "/absolute.yaml"}, Severity: metadata.Warning, Rule: "missing-index", Message: "of a whole file"},
			{Message: "of no file"},
		},
	} {
		var out bytes.Buffer
		if err := writeSARIF(&out, faults); err != nil {
			t.Fatal(err)
		}
		report, err := sarif.FromBytes(out.Bytes(), sarif.WithStrictValidation())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Validate(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, &out)
		}
		if got := len(report.Runs[0].Results); got != len(faults) {
			t.Errorf("%s: got %d results, want %d", name, got, len(faults))
		}
	}
}
