package main

import (
	"cmp"
	"io"
	"net/url"
	"path/filepath"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/joinery-graphql/joinery/metadata"
)

// metadataRule is the rule of faults that have none of their own.
const metadataRule = "metadata"

// writeSARIF writes faults as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), as code scanning services
// read it. No results means that nothing was found.
func writeSARIF(w io.Writer, faults metadata.Faults) error {
	run := sarif.NewRunWithInformationURI("joinery", "https://github.com/joinery-graphql/joinery")
	run.Tool.Driver.WithVersion(version())
	for _, f := range faults {
		rule := cmp.Or(f.Rule, metadataRule)
		run.AddRule(rule)
		run.CreateResultForRule(rule).
			WithLevel(f.Severity.String()).
			WithMessage(sarif.NewTextMessage(metadata.Fault{Item: f.Item, Message: f.Message, Hint: f.Hint}.String())).
			WithLocations(locations(f.Pos))
	}
	if err := sarif.NewReport().AddRun(run).PrettyWrite(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func locations(pos metadata.Pos) []*sarif.Location {
	if pos.File == "" {
		return []*sarif.Location{}
	}
	uri := &url.URL{Path: filepath.ToSlash(pos.File)}
	place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri.String()))
	if pos.Line > 0 {
		place.WithRegion(sarif.NewRegion().WithStartLine(pos.Line))
	}
	return []*sarif.Location{sarif.NewLocationWithPhysicalLocation(place)}
}
