#!/usr/bin/env bash
# Makes the Debian tree of the appliance: debian.sh TAR. What is in it follows from packages.txt, the group runtime of tools/debian-packages.txt and the exclusions below; a tar that was
# made of the same is left as it is. Remove it to take in Debian's newest packages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tar=$1
packages=$({ grep -v '^#' "$here/packages.txt"; awk '$1 == "runtime" {print $2}' "$here/../../tools/debian-packages.txt"; } | sort -u | paste -sd,)

# Kernel modules for what no appliance has, and texts nobody reads there. Licences stay.
modules=(drivers/{gpu,media,staging,iio,isdn,input/touchscreen,input/joystick,infiniband,bluetooth,nfc,comedi,video,firewire,parport,pcmcia,accessibility,auxdisplay,gnss,most,soundwire,thunderbolt,ufs,uwb,leds/rgb,android,usb/gadget,target,mtd,scsi/{qla2xxx,lpfc,bfa,be2iscsi,bnx2i,qedi,qedf,aic94xx,aic7xxx,pcmcia,csiostor,cxgbi,mpi3mr,snic,fnic,elx,megaraid.ko}} arch/x86/kvm net/{sunrpc,wireless,mac80211,bluetooth,nfc,ieee802154,can,appletalk,ax25,rose,netrom,x25,atm,dccp,rds,tipc,sctp,batman-adv,ceph,hsr,caif,6lowpan,mac802154,smc,openvswitch} sound fs/{smb,ocfs2,gfs2,jfs,reiserfs,ceph,afs,coda,hfs,hfsplus,ntfs,ntfs3,ufs,minix,sysv,affs,befs,bfs,efs,qnx4,qnx6,omfs,orangefs,nilfs2,f2fs,cifs,nfs,nfsd,ksmbd,9p,jffs2,ubifs,udf,romfs,hpfs,btrfs,dlm,lockd,smbfs_common,erofs,adfs,cramfs,vboxsf,zonefs} drivers/net/{wireless,can,arcnet,fddi,hamradio,ieee802154,wwan,plip,slip,ppp,usb,thunderbolt.ko,ethernet/{mellanox,chelsio,cavium,qlogic,netronome,sfc,brocade,emulex,cisco,pensando,huawei,8390,sun,ti,micrel,stmicro,amazon,google,microsoft,fungible,wangxun,dec,3com,adaptec,alteon,neterion,packetengines,rdc,silan,sis,smsc,tehuti,via,dlink,nvidia,natsemi}})
excludes=()
for module in "${modules[@]}"; do
  excludes+=("--dpkgopt=path-exclude=/lib/modules/*/kernel/$module" "--dpkgopt=path-exclude=/lib/modules/*/kernel/$module/*")
done
for texts in /usr/share/{man,locale,info,lintian,bash-completion,zsh,vim,doc,bug,doc-base,groff,linda,common-licenses/none}; do
  excludes+=("--dpkgopt=path-exclude=$texts/*")
done
excludes+=("--dpkgopt=path-include=/usr/share/doc/*/copyright" "--dpkgopt=path-include=/usr/share/locale/locale.alias" "--dpkgopt=path-exclude=/usr/lib/x86_64-linux-gnu/gconv/[A-TV-Z]*")

stamp=$(sha256sum <<<"$packages ${excludes[*]}" | cut -c1-64)
[ -e "$tar" ] && [ "$(cat "$tar.made-of" 2>/dev/null)" = "$stamp" ] && exit 0
mkdir -p "$(dirname "$tar")"
mmdebstrap --quiet --mode=root --variant=minbase --format=tar --include="$packages" "${excludes[@]}" \
  --aptopt='Apt::Install-Recommends "false"' \
  --customize-hook='rm -rf "$1"/boot/initrd.img* "$1"/initrd.img* "$1"/vmlinuz* "$1"/boot/System.map* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old' \
  bookworm "$tar.new"
echo "$stamp" >"$tar.made-of"
mv "$tar.new" "$tar"
