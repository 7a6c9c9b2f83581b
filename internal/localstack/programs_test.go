package localstack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var built struct {
	once   sync.Once
	folder string
	err    error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	os.Exit(status)
}

// builtPrograms is a folder with the programs of the repository, as `make build` makes it.
func builtPrograms(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "joinery-programs-"); built.err != nil {
			return
		}
		built.err = errors.Join(
			build("./", "./cmd/joinery", "./supergraph/auth0profile/cmd/auth0profile", "./supergraph/auth0profile/cmd/auth0standin"),
			build("hodor-handler", "./examples/hodor/handler"))
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.folder
}

func build(name string, packages ...string) error {
	target := built.folder + string(filepath.Separator) + name
	cmd := exec.Command("go", append([]string{"build", "-o", target}, packages...)...)
	cmd.Dir = repository
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %v: %w\n%s", packages, err, output)
	}
	return nil
}
