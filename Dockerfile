# The gateway as an image. Built from the repository, it holds the package alone: JavaScript, production dependencies, no tools.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build
# Optional dependencies stay: they are the binaries of lmdb and chdb. The Node pin is not among them here.
RUN cd dist && npm install --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /src/dist /opt/sallyport
RUN mkdir -p /app/data && chown -R node:node /app
USER node
EXPOSE 8080
VOLUME /app/data
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--min-semi-space-size=16", "--max-semi-space-size=16", "/opt/sallyport/bin/sallyport.cjs"]
CMD ["serve"]
