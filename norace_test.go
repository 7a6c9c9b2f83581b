//go:build !race

package joinery

const raceDetector = false
