package supergraph

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed node/package.json node/package-lock.json node/compose.mjs node/gateway.mjs node/.npmrc
var nodeFiles embed.FS

// compositionVersion is the @apollo/composition of node/package.json.
const compositionVersion = "2.14.4"

// nodeMajor is the oldest Node.js that the packages run on.
const nodeMajor = 20

// nodePackage is how much of node/ is installed.
type nodePackage string

const (
	composePackage nodePackage = "compose" // @apollo/composition: 14 MB
	gatewayPackage nodePackage = "gateway" // @apollo/gateway too: 100 MB
)

// nodeTools finds Node.js and npm.
func nodeTools(ctx context.Context) (node, npm string, err error) {
	const mend = "install Node.js %d or newer, which brings npm (https://nodejs.org), and see that PATH has it"
	node, nodeErr := exec.LookPath("node")
	npm, npmErr := exec.LookPath("npm")
	if nodeErr != nil || npmErr != nil {
		missing := "node"
		if nodeErr == nil {
			missing = "npm"
		}
		return "", "", fmt.Errorf("missing %s: composition runs on Node.js: "+mend, missing, nodeMajor)
	}
	out, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("%s --version: %w", node, err)
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	majorText, _, _ := strings.Cut(version, ".")
	if major, err := strconv.Atoi(majorText); err != nil || major < nodeMajor {
		return "", "", fmt.Errorf("node %s at %s is too old: "+mend, version, node, nodeMajor)
	}
	return node, npm, nil
}

// installNode returns the Node program and the folder with the installed package. The first call takes seconds and
// needs the npm registry; the folder is keyed by what is embedded, so a new release installs anew.
func installNode(ctx context.Context, pkg nodePackage, cache string, log io.Writer) (node, dir string, err error) {
	node, npm, err := nodeTools(ctx)
	if err != nil {
		return "", "", err
	}
	if cache, err = cacheDir(cache); err != nil {
		return "", "", err
	}
	name := fmt.Sprintf("node-%s-%s", pkg, nodeHash())
	dir, err = fill(ctx, cache, name, func(dir string) error {
		if log != nil {
			fmt.Fprintf(log, "installing Node packages into %s (once)\n", filepath.Join(cache, name))
		}
		return npmInstall(ctx, npm, pkg, dir, npmEnv(cache))
	})
	if err != nil {
		return "", "", fmt.Errorf("install Node packages: %w", err)
	}
	return node, dir, nil
}

// npmEnv gives npm a cache of ours where it can't have its own in the user's home, as in a container without one.
func npmEnv(cache string) []string {
	if home, err := os.UserHomeDir(); err == nil && writable(home) {
		return os.Environ()
	}
	return append(os.Environ(), "npm_config_cache="+filepath.Join(cache, "npm"))
}

func npmInstall(ctx context.Context, npm string, pkg nodePackage, dir string, env []string) error {
	files, err := fs.Sub(nodeFiles, "node")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return err
	}
	args := []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"}
	if pkg == composePackage {
		args = append(args, "--omit=dev")
	} else {
		args = append(args, "--include=dev") // also where NODE_ENV is production
	}
	cmd := exec.Command(npm, args...) //nolint:noctx // ended with its process group, see below
	cmd.Dir, cmd.Env = dir, env
	if err := runProcess(ctx, "npm ci", cmd, nil); err != nil {
		return fmt.Errorf("%w (is the npm registry reachable? try: npm ping)", err)
	}
	return nil
}

// nodeHash names the content of the embedded folder.
func nodeHash() string {
	h := sha256.New()
	err := fs.WalkDir(nodeFiles, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := nodeFiles.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		panic("BUG: embedded folder can't be read: " + err.Error())
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
