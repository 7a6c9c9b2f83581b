package main

import (
	"math"
	"slices"
)

// spread is the median of some values, the least and the greatest.
type spread struct{ median, min, max float64 }

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return spread{median, sorted[0], sorted[len(sorted)-1]}
}

// of gives one figure of a server, round by round.
func (r *results) of(workload, server string, figure func(measurement) float64) []float64 {
	out := make([]float64, 0, r.Rounds)
	for _, m := range r.Measurements {
		if m.Workload == workload && m.Server == server {
			out = append(out, figure(m))
		}
	}
	return out
}

func (r *results) median(workload, server string, figure func(measurement) float64) float64 {
	return spreadOf(r.of(workload, server, figure)).median
}

// ratio compares two servers round by round, so that what disturbs a whole round doesn't count.
func (r *results) ratio(workload, server, to string, figure func(measurement) float64) spread {
	above, below := r.of(workload, server, figure), r.of(workload, to, figure)
	ratios := make([]float64, 0, r.Rounds)
	for i := range min(len(above), len(below)) {
		ratios = append(ratios, above[i]/below[i])
	}
	return spreadOf(ratios)
}

func cpu(m measurement) float64        { return m.CPU }
func allCPU(m measurement) float64     { return m.CPU + m.PostgresCPU }
func singleP50(m measurement) float64  { return m.P50Connection }
func peakMiB(m measurement) float64    { return float64(m.Peak) / (1 << 20) }
func throughput(m measurement) float64 { return m.PerSecond }

// line is y = base + slope*x. r2 is how much of the variance of y it explains.
type line struct{ base, slope, r2 float64 }

// fit finds the line with the least squares of the relative errors: points lie on a logarithmic scale, and the largest
// must not decide alone.
func fit(x, y []float64) line {
	var sw, swx, swy, swxx, swxy float64
	for i := range x {
		w := 1 / (y[i] * y[i])
		sw += w
		swx += w * x[i]
		swy += w * y[i]
		swxx += w * x[i] * x[i]
		swxy += w * x[i] * y[i]
	}
	l := line{slope: (sw*swxy - swx*swy) / (sw*swxx - swx*swx)}
	l.base = (swy - l.slope*swx) / sw
	var residual, total float64
	for i := range x {
		w := 1 / (y[i] * y[i])
		e, d := y[i]-l.base-l.slope*x[i], y[i]-swy/sw
		residual += w * e * e
		total += w * d * d
	}
	l.r2 = 1 - residual/total
	return l
}
