package supergraph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// RouterVersion is the Apollo Router that router.yaml is written for, and that is downloaded.
const RouterVersion = "2.15.0"

// ErrNotFound is in the error of [FindRouter] and [FindJaeger] where there is no such program. The whole error says
// where it was looked for and how to get it; going on without the program is a choice of the caller.
var ErrNotFound = errors.New("not found")

// FindOptions are how to look for a program. The zero value works.
type FindOptions struct {
	Cache   string    // as in [Options]
	Offline bool      // don't download
	Log     io.Writer // told of a download and of programs that don't fit; nil discards

	releases string       // base URL of downloads; empty means the publisher's
	client   *http.Client // nil means https only
}

func (o FindOptions) logf(format string, args ...any) {
	if o.Log != nil {
		fmt.Fprintf(o.Log, format+"\n", args...)
	}
}

// FindRouter finds Apollo Router: $APOLLO_ROUTER, "router" on PATH where that is Apollo Router 2.15 or newer, then the
// cache. Else it is downloaded into the cache from its publisher, provided that its licence has been accepted by
// APOLLO_ELV2_LICENSE=accept, as rover asks for. The error holds [ErrNotFound] where there is none, also for lack of a
// network; an $APOLLO_ROUTER that is no program is an error of its own.
func FindRouter(ctx context.Context, o FindOptions) (string, error) {
	if path, err := fromEnv("APOLLO_ROUTER"); path != "" || err != nil {
		return path, err
	}
	if path, err := exec.LookPath("router"); err == nil {
		version, err := routerVersion(ctx, path)
		if err == nil && newEnough(version) {
			return path, nil
		}
		o.logf("%s is not Apollo Router 2.15 or newer: not used", path)
	}
	path, err := downloadedRouter(ctx, o)
	if err != nil {
		return "", fmt.Errorf("apollo router %w: %w (set APOLLO_ROUTER to the program, or have it on PATH as router)", ErrNotFound, err)
	}
	return path, nil
}

func downloadedRouter(ctx context.Context, o FindOptions) (string, error) {
	cache, err := cacheDir(o.Cache)
	if err != nil {
		return "", err
	}
	name := "router-" + RouterVersion
	program := filepath.Join(cache, name, executable("router"))
	switch {
	case exists(program):
		return program, nil
	case o.Offline:
		return "", errors.New("not in " + cache + ", and downloads are off")
	case os.Getenv("APOLLO_ELV2_LICENSE") != "accept":
		return "", errors.New("it can be downloaded if you accept its licence (ELv2, https://www.elastic.co/licensing/elastic-license): set APOLLO_ELV2_LICENSE=accept")
	}
	_, err = fill(ctx, cache, name, func(dir string) error { return downloadRouter(ctx, o, dir) })
	return program, err
}

// FindJaeger finds Jaeger's all-in-one program, version 1: $JAEGER, "jaeger-all-in-one" or "jaeger" on PATH, then the
// cache. It isn't downloaded. The error holds [ErrNotFound] where there is none.
func FindJaeger(ctx context.Context, o FindOptions) (string, error) {
	if path, err := fromEnv("JAEGER"); path != "" || err != nil {
		return path, err
	}
	for _, name := range []string{"jaeger-all-in-one", "jaeger"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if isJaeger1(ctx, path) {
			return path, nil
		}
		o.logf("%s is not Jaeger 1 all-in-one: not used", path)
	}
	cache, err := cacheDir(o.Cache)
	if err != nil {
		return "", err
	}
	program := filepath.Join(cache, executable("jaeger-all-in-one"))
	if exists(program) {
		return program, nil
	}
	return "", fmt.Errorf("jaeger %w: set JAEGER to the all-in-one program of version 1, or have it on PATH or at %s", ErrNotFound, program)
}

// fromEnv is the program that an environment variable names; empty where it names none.
func fromEnv(variable string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", nil
	}
	path, err := exec.LookPath(value)
	if err != nil {
		return "", fmt.Errorf("%s: %w (name the program, or unset the variable)", variable, err)
	}
	return filepath.Abs(path)
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// output runs a program that may be anything and tells what it prints in a few seconds.
func output(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var routerVersionRE = regexp.MustCompile(`(?m)^(\d+\.\d+\.\d+)\S*$`)

func routerVersion(ctx context.Context, path string) (string, error) {
	out, err := output(ctx, path, "--version")
	if err != nil {
		return "", err
	}
	m := routerVersionRE.FindStringSubmatch(out)
	if m == nil {
		return "", errors.New("no version")
	}
	return m[1], nil
}

// newEnough holds for 2.15 and up: the form of limits in router.yaml is of that version. A next major isn't known.
func newEnough(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	m, err := strconv.Atoi(parts[1])
	return err == nil && parts[0] == "2" && m >= minor(RouterVersion)
}

// isJaeger1 holds where the flags are version 1's. Version 2, also called jaeger, has a configuration file instead.
func isJaeger1(ctx context.Context, path string) bool {
	out, err := output(ctx, path, "help")
	return err == nil && strings.Contains(out, "--collector.otlp.grpc.host-port")
}
