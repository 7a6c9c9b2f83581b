package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		want   spread
	}{
		{"one", []float64{3}, spread{3, 3, 3}},
		{"odd", []float64{9, 1, 2}, spread{2, 1, 9}},
		{"even", []float64{4, 1, 2, 10}, spread{3, 1, 10}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if got := spreadOf(nil).median; !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestRatioIsTakenRoundByRound(t *testing.T) {
	r := &results{Measurements: []measurement{
		{Workload: "w", Server: "a", CPU: 10},
		{Workload: "w", Server: "b", CPU: 20},
		{Workload: "w", Server: "a", CPU: 100}, // a slow round
		{Workload: "w", Server: "b", CPU: 300},
		{Workload: "v", Server: "a", CPU: 1},
		{Workload: "v", Server: "b", CPU: 50},
	}}
	if got, want := r.ratio("w", "b", "a", cpu), (spread{2.5, 2, 3}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFit(t *testing.T) {
	x := []float64{10, 100, 1000, 10_000}
	y := make([]float64, len(x))
	for i := range x {
		y[i] = 80 + 1.5*x[i]
	}
	if l := fit(x, y); math.Abs(l.base-80) > 1e-6 || math.Abs(l.slope-1.5) > 1e-6 || math.Abs(l.r2-1) > 1e-6 {
		t.Errorf("a line is fitted by %+v", l)
	}
	for i := range x {
		y[i] = x[i] * x[i]
	}
	if l := fit(x, y); l.r2 > 0.9 {
		t.Errorf("a parabola is fitted by %+v", l)
	}
}

// TestGoals: a missed multiple of a peer's time says how near to the server by hand it would be reached.
func TestGoals(t *testing.T) {
	r := &results{Rounds: 1, Measurements: []measurement{
		{Workload: "w2", Server: limit, CPU: 100}, {Workload: "w2", Server: joinery, CPU: 130}, {Workload: "w2", Server: gqlgen, CPU: 1500},
	}}
	var b bytes.Buffer
	r.goals(&b)
	for _, want := range []string{"1 of them, in bold", "w2: 1.3 (1.6)", "**w2: 11.5 (12)**", "- w2: gqlgen takes 15 times by hand's CPU time, so 12 times Joinery's is reached at 1.25 times by hand's; measured: 1.30.\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}
