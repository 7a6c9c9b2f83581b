//go:build race

package joinery

const raceDetector = true
