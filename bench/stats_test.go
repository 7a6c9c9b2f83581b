package main

import (
	"math"
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
