package localpg

import (
	"errors"
	"io"
)

// DefaultVersion is the major version of Postgres that Start runs when nothing else is asked for.
const DefaultVersion = 17

// repositoryEnv names a Maven repository to download from instead of Maven Central.
const repositoryEnv = "JOINERY_POSTGRES_REPOSITORY"

// ErrUnavailable is in the chain of Start's error if the programs of Postgres are not at hand and can't be had.
var ErrUnavailable = errors.New("Postgres can't be downloaded")

// Options of a server. The zero value is a server for throw-away data on a free port.
type Options struct {
	// DataDir keeps the data between servers: made if missing, and given to the account that runs the server.
	// Empty means a temporary folder, removed by Stop.
	DataDir string
	// Port on 127.0.0.1; zero means a free one.
	Port int
	// Version is the major version, 13 to 17; zero means that of DataDir, or [DefaultVersion] where there is none.
	Version int
	// Log takes the server's log; nil means none.
	Log io.Writer
	// Progress takes a line before a download; nil means none.
	Progress io.Writer
	// Fsync makes committed data survive a crash of the machine. It costs time.
	Fsync bool
	// CacheDir is where the programs are kept; empty means the place that the package comment tells.
	CacheDir string
}
