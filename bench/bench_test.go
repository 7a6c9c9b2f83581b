package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBench runs every workload once, shortly, on the servers that need no npm. That their answers are the same is part
// of the run.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the servers and fills a database")
	}
	dir := t.TempDir()
	err := run(t.Context(), options{
		out: filepath.Join(dir, "performance.md"), raw: filepath.Join(dir, "raw.json"), databaseURL: os.Getenv("TEST_DATABASE_URL"),
		servers: "joinery,gqlgen", starts: 1, rounds: 1, duration: 50 * time.Millisecond, connections: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workloads {
		if !strings.Contains(string(report), "| "+w.name+": ") {
			t.Errorf("the report lacks %s", w.name)
		}
	}
	if strings.Contains(string(report), "NaN") {
		t.Errorf("the report has figures that are no numbers:\n%s", report)
	}
	picture, err := os.Open(filepath.Join(dir, "performance.svg"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = picture.Close() }()
	wellFormed(t, picture)
}

func wellFormed(t *testing.T, r io.Reader) {
	t.Helper()
	dec := xml.NewDecoder(r)
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
